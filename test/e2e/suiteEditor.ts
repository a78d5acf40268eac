import { type Editor, type LaunchOptions, launch } from "./driver.ts";

/**
 * One editor for the tests of the suite that calls this. It is started for the first of them; every test finds the folder and the
 * theme of `options`, and neither files nor panels open; after a test that failed there is another one.
 * @param options asked for before each test
 * @returns the editor, while a test runs
 */
export function suiteEditor(options: () => LaunchOptions): () => Editor {
  let editor: Editor | undefined;
  const close = async (): Promise<void> => {
    const open = editor;
    editor = undefined;
    await open?.close();
  };
  beforeEach(async () => {
    const wanted = options();
    if (editor === undefined) {
      editor = await launch(wanted);
      return;
    }
    if (editor.workspace !== wanted.workspace) await editor.openFolder(wanted.workspace);
    await editor.closeAll();
    await editor.setTheme(wanted.theme ?? "dark");
  });
  afterEach(async function () {
    if (this.currentTest?.state !== "failed") return;
    await editor?.screenshot(`failed-${Date.now()}`).catch(() => undefined);
    await close();
  });
  after(close);
  return () => {
    if (editor === undefined) throw new Error("there is an editor only while a test runs");
    return editor;
  };
}
