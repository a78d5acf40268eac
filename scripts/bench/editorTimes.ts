/** How long the editor takes until a dashboard of many runs, and a designer after a reload, are drawn: in a real VS Code. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { compareAll, drawnUpTo, pageWithRuns } from "../../test/e2e/dashboardPage.ts";
import { type Editor, launch } from "../../test/e2e/driver.ts";
import { dropColumns, writeCrowd } from "../../test/support/crowd.ts";
import { temporaryFolder } from "../vscode/fixtureWorkspace.ts";
import { ROOT } from "../vscode/paths.ts";

const LIMIT_MS = 120_000;
const DESIGNER = 'body[data-view="designer"]';

/** Milliseconds by what was done. */
export type Times = Readonly<Record<string, number>>;

async function inEditor<T>(workspace: string, vsix: string | null, use: (editor: Editor) => Promise<T>): Promise<T> {
  const editor = await launch({ workspace, ...(vsix === null ? {} : { vsix }) });
  try {
    return await use(editor);
  } finally {
    await editor.close();
  }
}

/** From picking the runs to the loss of all of them drawn to its end. */
export async function dashboardTimes(vsix: string | null, runs: number, points: number): Promise<Times> {
  const crowd = await temporaryFolder("maskdm-crowd-");
  try {
    const step = await writeCrowd(crowd.path, { runs, points, columns: true });
    return await inEditor(crowd.path, vsix, async (editor) => {
      const open = async (): Promise<number> => {
        await editor.closeAll();
        const began = await compareAll(editor, runs);
        return (await drawnUpTo(await pageWithRuns(editor, runs), runs, step, LIMIT_MS)) - began;
      };
      const columns = await open();
      const columnsAgain = await open();
      dropColumns(crowd.path);
      const text = await open();
      return { columns, "columns, second opening": columnsAgain, text, "text, second opening": await open() };
    });
  } finally {
    await crowd.remove();
  }
}

/** From the window's reload to the images of the designer drawn. */
export async function designerTimes(vsix: string | null): Promise<Times> {
  const workspace = await temporaryFolder("maskdm-designer-");
  try {
    cpSync(join(ROOT, "examples/emoji"), workspace.path, { recursive: true });
    return await inEditor(workspace.path, vsix, async (editor) => {
      await editor.openFile("emoji.maskdm.yaml");
      await editor.palette("MaskDM: Open Designer");
      await painted(editor);
      await editor.reload();
      const { began, loaded, drawn } = await painted(editor);
      const window = await editor.page.evaluate<number>("performance.timeOrigin");
      return {
        "images drawn": drawn - window,
        "until the editor has made the designer's frame": began - window,
        "until that frame has loaded the designer's program": loaded - began,
        "from there to the images": drawn - loaded,
      };
    });
  } finally {
    await workspace.remove();
  }
}

/** Moments in a designer's page, milliseconds since 1970. */
async function painted(editor: Editor): Promise<{ began: number; loaded: number; drawn: number }> {
  const page = await editor.webview(DESIGNER);
  return page.evaluate(`(async () => {
    let entry;
    while ((entry = performance.getEntriesByName("designer:painted").at(-1)) === undefined)
      await new Promise(requestAnimationFrame);
    const { timeOrigin } = performance;
    const script = performance.getEntriesByType("resource").find(({ name }) => name.includes("designer.js"));
    const drawn = timeOrigin + entry.startTime + entry.duration;
    return { began: timeOrigin, loaded: timeOrigin + script.responseEnd, drawn };
  })()`);
}
