import { notEqual, ok } from "node:assert/strict";
import { fixtureWorkspace, type TemporaryFolder } from "../../scripts/vscode/fixtureWorkspace.ts";
import { slowness } from "../support/slowness.ts";
import { packagedExtension, type Theme } from "./driver.ts";
import { suiteEditor } from "./suiteEditor.ts";

const ACTIVATION_LIMIT_MS = 60;
const READINGS = 6;

describe("the packaged extension", () => {
  let workspace: TemporaryFolder;
  before(async () => {
    workspace = await fixtureWorkspace();
  });
  after(() => workspace.remove());
  const running = suiteEditor(() => ({ workspace: workspace.path, vsix: packagedExtension() }));

  // The first, since it reads how the editor started.
  it(`activates in less than ${ACTIVATION_LIMIT_MS} ms by the editor's own figure`, async () => {
    const editor = running();
    const times: number[] = [];
    // The shortest of a few: what else the machine does is no time of the extension's.
    for (let reading = 0; reading < READINGS && !times.some((ms) => ms < ACTIVATION_LIMIT_MS); reading++) {
      if (reading > 0) await editor.reload();
      await editor.palette("Developer: Show Running Extensions");
      const row = editor.page.locator(".runtime-extensions-editor .monaco-list-row", { hasText: "MaskDM Studio" });
      const text = await row.locator(".activation-time", { hasText: /\d+ms/ }).innerText();
      times.push(Number(/Activation: (\d+)ms/.exec(text)?.[1]));
    }
    console.log(`activated in ${times.join(", ")} ms`);
    await editor.screenshot("running-extensions");
    ok(Math.min(...times) < ACTIVATION_LIMIT_MS * slowness(), `${times.join(", ")} ms`);
  });

  for (const theme of ["dark", "light", "hc"] satisfies Theme[]) {
    it(`is active on an experiment file, ${theme}`, async () => {
      const editor = running();
      await editor.setTheme(theme);
      await editor.openFile("mistaken.maskdm.yaml");
      await editor.page.locator(".squiggly-error").first().waitFor();
      await editor.screenshot(`mistaken-${theme}`);
    });
  }

  it("comes back after its host was killed and after the window was reloaded", async () => {
    const editor = running();
    await editor.openFile("mistaken.maskdm.yaml");
    await editor.page.locator(".squiggly-error").first().waitFor();
    const { before, after } = await editor.killExtensionHost();
    notEqual(after, before);
    await editor.palette("MaskDM: Show Log");
    await editor.reload();
    await editor.tab("mistaken.maskdm.yaml").waitFor();
    await editor.page.locator(".squiggly-error").first().waitFor();
  });
});
