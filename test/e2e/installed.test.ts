import { notEqual } from "node:assert/strict";
import { fixtureWorkspace, type TemporaryFolder } from "../../scripts/vscode/fixtureWorkspace.ts";
import { type Editor, launch, packagedExtension, type Theme } from "./driver.ts";

describe("the packaged extension", () => {
  let workspace: TemporaryFolder;
  before(async () => {
    workspace = await fixtureWorkspace();
  });
  after(() => workspace.remove());

  for (const theme of ["dark", "light", "hc"] satisfies Theme[]) {
    it(`is active on an experiment file, ${theme}`, () =>
      withEditor(theme, async (editor) => {
        await editor.openFile("mistaken.maskdm.yaml");
        await editor.page.locator(".squiggly-error").first().waitFor();
        await editor.screenshot(`mistaken-${theme}`);
      }));
  }

  it("comes back after its host was killed and after the window was reloaded", () =>
    withEditor("dark", async (editor) => {
      await editor.openFile("mistaken.maskdm.yaml");
      await editor.page.locator(".squiggly-error").first().waitFor();
      const { before, after } = await editor.killExtensionHost();
      notEqual(after, before);
      await editor.palette("MaskDM: Show Log");
      await editor.reload();
      await editor.tab("mistaken.maskdm.yaml").waitFor();
      await editor.page.locator(".squiggly-error").first().waitFor();
    }));

  async function withEditor(theme: Theme, use: (editor: Editor) => Promise<void>): Promise<void> {
    const editor = await launch({ workspace: workspace.path, theme, vsix: packagedExtension() });
    try {
      await use(editor);
    } finally {
      await editor.close();
    }
  }
});
