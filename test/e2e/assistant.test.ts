/** What a user is asked before a language model starts a run, in a real window: in tests of the extension host there are no dialogs. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fixtureWorkspace, type TemporaryFolder } from "../../scripts/vscode/fixtureWorkspace.ts";
import { ROOT } from "../../scripts/vscode/paths.ts";
import { suiteEditor } from "./suiteEditor.ts";
import { until } from "./until.ts";

describe("a language model that starts a run", function () {
  this.timeout(240_000);
  let workspace: TemporaryFolder;
  before(async () => {
    workspace = await fixtureWorkspace();
  });
  after(() => workspace?.remove());
  const editor = suiteEditor(() => ({
    workspace: workspace.path,
    extensions: [join(ROOT, "test/fixtures/callTool")],
  }));
  const runs = (): string => join(workspace.path, "runs");
  const answerFile = (): string => join(workspace.path, "answer.json");

  /** Has the tool called, and answers the question with a button. @returns what was asked, and what the tool returned */
  async function asked(button: string): Promise<{ question: string; answer: { texts?: string[]; error?: string } }> {
    rmSync(answerFile(), { force: true });
    const input = { file: "tiny.maskdm.yaml", stage: "pretrain", set: ["pretrain.steps=3", "pretrain.sample_every=0"] };
    writeFileSync(join(workspace.path, "call.json"), JSON.stringify({ name: "maskdm_start_run", input }));
    await editor().palette("Test: Call Tool");
    const dialog = editor().page.locator(".monaco-dialog-box");
    await until("the question", async () => (await dialog.isVisible()) || existsSync(answerFile()));
    ok(!existsSync(answerFile()), existsSync(answerFile()) ? readFileSync(answerFile(), "utf8") : "");
    const question = await dialog.innerText();
    await editor().screenshot(`assistant-${button.toLowerCase()}`);
    ok(!existsSync(runs()), "nothing is changed before the answer");
    await dialog.getByRole("button", { name: button }).click();
    await until("the tool's answer", () => existsSync(answerFile()), 60_000);
    return { question, answer: JSON.parse(readFileSync(answerFile(), "utf8")) };
  }

  it("asks with steps, memory and disk; nothing is changed where the user says no", async () => {
    const { question, answer } = await asked("Cancel");
    match(question, /Pretrain tiny.maskdm.yaml\?/);
    match(question, /3 steps of 8 images: .*memory and .* of disk at most\./);
    match(question, /pretrain.steps=3/);
    match(answer.error ?? "", /Cancel/i);
    ok(!existsSync(runs()));
  });

  it("and starts it where the user says yes", async () => {
    const { answer } = await asked("Yes");
    equal(answer.error, undefined);
    const { folder } = JSON.parse(answer.texts![1]!) as { folder: string };
    const status = join(workspace.path, folder, "status.json");
    await until("the run's end", () => existsSync(status) && /"finished"/.test(readFileSync(status, "utf8")), 120_000);
    deepEqual(readdirSync(runs()).filter((name) => !name.startsWith(".")).length, 1);
  });
});
