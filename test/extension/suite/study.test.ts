import { deepEqual, equal, match, ok } from "node:assert/strict";
import * as vscode from "vscode";
import type { MessageToWebview, MethodOf, Params } from "../../../src/core/protocol/message.ts";
import type { StudyProtocol } from "../../../src/core/protocol/study.ts";
import { StudySession } from "../../../src/extension/study/studySession.ts";
import { redirected } from "./designerPage.ts";
import { api, eventually, openExperiment, undo, workspacePath } from "./experimentEditor.ts";

const TEXT = `# Written by hand
base: tiny.maskdm.yaml
axes:
  mask.rate: [0.25, 0.75] # two of them
seeds: 2
`;

let files = 0;

/** A study editor whose page is this test: its messages are sent and received here, all else is the editor's own. */
class StudyPage implements vscode.Disposable {
  readonly events: { readonly event: string; readonly data: unknown }[] = [];
  private readonly messages = new vscode.EventEmitter<unknown>();
  private readonly replies = new Map<number, (reply: Extract<MessageToWebview, { kind: "reply" }>) => void>();
  private readonly session: StudySession;
  private readonly panel = vscode.window.createWebviewPanel("test.study", "Study", vscode.ViewColumn.Beside);
  private nextId = 0;

  constructor(document: vscode.TextDocument, { services }: Awaited<ReturnType<typeof api>>) {
    const { extensionUri } = vscode.extensions.getExtension("maskdm-studio.maskdm-studio")!;
    const webview = redirected(this.panel.webview, {
      onDidReceiveMessage: this.messages.event,
      postMessage: (message: MessageToWebview) => {
        if (message.kind === "event") this.events.push(message);
        else this.replies.get(message.id)?.(message);
        return Promise.resolve(true);
      },
    });
    this.session = new StudySession(extensionUri, document, redirected(this.panel, { webview }), services);
  }

  async result<M extends MethodOf<StudyProtocol>>(
    method: M,
    params: Params<StudyProtocol, M>,
  ): Promise<StudyProtocol["results"][M]> {
    const id = this.nextId++;
    const reply = await new Promise<Extract<MessageToWebview, { kind: "reply" }>>((resolve) => {
      this.replies.set(id, resolve);
      this.messages.fire({ kind: "request", id, method, params });
    });
    if (!reply.ok) throw new Error(reply.error);
    return reply.result as StudyProtocol["results"][M];
  }

  last<E extends keyof StudyProtocol["events"] & string>(event: E): StudyProtocol["events"][E] | undefined {
    return this.events.findLast((each) => each.event === event)?.data as StudyProtocol["events"][E] | undefined;
  }

  dispose(): void {
    this.session.dispose();
    this.panel.dispose();
    this.messages.dispose();
  }
}

describe("the study editor", () => {
  const open: vscode.Disposable[] = [];
  afterEach(async () => {
    for (const disposable of open.splice(0)) disposable.dispose();
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
  });

  async function openPage(text = TEXT): Promise<{ page: StudyPage; document: vscode.TextDocument }> {
    const { document } = await openExperiment(`study-${files++}.maskstudy.yaml`, text);
    const page = new StudyPage(document, await api());
    open.push(page);
    return { page, document };
  }

  it("tells what the study comes to, where its cells stand, and the command line that runs it", async () => {
    const { page, document } = await openPage();
    const { commands } = await page.result("ready", {});
    match(commands.run, /^maskdm study run study-\d+\.maskstudy\.yaml$/);
    equal(commands.retry, commands.run.replace("run", "retry-failed"));
    const plan = await eventually(
      () => page.last("plan"),
      (state) => state?.kind === "planned",
    );
    ok(plan?.kind === "planned");
    equal(plan.totals.cells, 4);
    const cells = await eventually(
      () => page.last("cells"),
      (state) => state?.states.length === 4,
    );
    deepEqual(new Set(cells?.states.map(([, state]) => state.kind)), new Set(["waiting"]));
    equal(page.last("work")?.atWork, false);
    equal(document.isDirty, false);
  });

  it("edits the text in place, which undo takes back, and plans anew", async () => {
    const { page, document } = await openPage();
    await page.result("ready", {});
    await page.result("edit", { changes: [{ path: ["axes", "mask.rate"], value: [0.25, 0.5, 0.75] }] });
    equal(document.getText(), TEXT.replace("[0.25, 0.75]", "[0.25, 0.5, 0.75]"));
    await eventually(
      () => page.last("plan"),
      (state) => state?.kind === "planned" && state.totals.cells === 6,
    );
    await undo(document, vscode.ViewColumn.One);
    await eventually(
      () => page.last("document")?.text,
      (text) => text === TEXT,
    );
  });

  it("says what is wrong with the experiment that the study varies", async () => {
    const { page } = await openPage(TEXT.replace("tiny", "nothing"));
    await page.result("ready", {});
    const plan = await eventually(
      () => page.last("plan"),
      (state) => state?.kind === "none",
    );
    ok(plan?.kind === "none");
    match(plan.reason, /nothing\.maskdm\.yaml.*cannot be read/);
  });

  it("follows the experiment while it is typed into", async () => {
    const { page } = await openPage(TEXT.replace("mask.rate: [0.25, 0.75]", "mask.block_size: [1, 2]"));
    await page.result("ready", {});
    await eventually(
      () => page.last("plan"),
      (state) => state?.kind === "planned" && state.totals.coincidences.length === 0,
    );
    // Beside the page: one that is hidden is told nothing.
    const uri = vscode.Uri.file(workspacePath("tiny.maskdm.yaml"));
    const base = await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.One });
    const at = base.document.getText().indexOf("strategy: block");
    const range = new vscode.Range(base.document.positionAt(at + 10), base.document.positionAt(at + 15));
    await base.edit((edit) => edit.replace(range, "patch"));
    await eventually(
      () => page.last("plan"),
      (state) => state?.kind === "planned" && state.totals.coincidences.length === 1,
    );
    await vscode.commands.executeCommand("workbench.action.files.revert");
  });

  it("copies the command line, and opens beside the text with its command", async () => {
    const { page, document } = await openPage();
    const { commands } = await page.result("ready", {});
    await page.result("copyCommand", { action: "stop" });
    equal(await vscode.env.clipboard.readText(), commands.stop);
    await vscode.window.showTextDocument(document, vscode.ViewColumn.One);
    await vscode.commands.executeCommand("maskdm.openStudy");
    await eventually(
      () => vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).map(({ input }) => input),
      (inputs) => inputs.some((input) => input instanceof vscode.TabInputCustom && input.viewType === "maskdm.study"),
    );
  });
});
