import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { cpSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";
import * as z from "zod";
import { temporaryFolder } from "../../../scripts/vscode/fixtureWorkspace.ts";
import { MOST_RUNS } from "../../../src/core/protocol/dashboard.ts";
import { DashboardPanel } from "../../../src/extension/dashboard/dashboardPanel.ts";
import { runDetails } from "../../../src/extension/dashboard/runDetails.ts";
import { RunSeriesStore } from "../../../src/extension/dashboard/runSeries.ts";
import type { ExtensionApi } from "../../../src/extension/extension.ts";
import { writeRun } from "../../support/runFolders.ts";
import { extension } from "./manifestFacts.ts";

const WAIT_MS = 10_000;

describe("Dashboard", () => {
  let api: ExtensionApi;
  let folder: string;
  let runsDir: string;
  let first: string;
  let second: string;
  before(async () => {
    api = (await extension().activate()) as ExtensionApi;
    folder = vscode.workspace.workspaceFolders![0]!.uri.fsPath;
    runsDir = join(folder, "runs");
    first = await writeRun({ runsDir, id: "dashboard-01", lines: 30, samplesAt: [100, 200] });
    second = await writeRun({ runsDir, id: "dashboard-02", lines: 30, seed: 1, experiment: { mask: { rate: 0.5 } } });
    await api.services.runs.refresh();
    await until("both runs are listed", () => [first, second].every((dir) => api.services.runs.get(dir) !== undefined));
  });
  afterEach(() => vscode.commands.executeCommand("workbench.action.closeAllEditors"));
  after(() => {
    for (const dir of [first, second]) rmSync(dir, { recursive: true, force: true });
  });

  it("opens the runs it is given, as paths or as tree items, and adds to the panel that is open", async () => {
    await vscode.commands.executeCommand("maskdm.openDashboard", { dir: first });
    deepEqual(
      api.dashboard.panels.map(({ dirs }) => dirs),
      [[first]],
    );
    await vscode.commands.executeCommand("maskdm.openDashboard", second);
    deepEqual(
      api.dashboard.panels.map(({ dirs }) => dirs),
      [[first, second]],
    );
    await until("the tab names both", () => tabs().includes("MaskDM Runs (2)"));
  });

  it("tells the classes of a run that has some", () => {
    const entry = api.services.runs.get(first)!;
    const classesOf = (classes?: string[]) => {
      const record = { ...entry.record!, ...(classes ? { classes } : {}) };
      return runDetails({ ...entry, record }).facts.filter(([name]) => name === "Classes");
    };
    deepEqual(classesOf(["cat", "dog"]), [["Classes", '0 "cat", 1 "dog"']]);
    deepEqual(classesOf(), []);
  });

  it("compares a selection of the tree in a panel of its own", async () => {
    await vscode.commands.executeCommand("maskdm.openDashboard", first);
    await vscode.commands.executeCommand("maskdm.compareRuns", { dir: second }, [{ dir: first }, { dir: second }]);
    deepEqual(
      api.dashboard.panels.map(({ dirs }) => dirs),
      [[first], [second, first]],
    );
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    await until("both are closed", () => api.dashboard.panels.length === 0);
  });

  it("refuses folders outside of the workspace, also through a link, and folders that are no runs", async () => {
    const outside = await temporaryFolder("maskdm-outside-");
    const link = join(folder, "linked-run");
    const { dashboard, panel } = emptyPanel();
    try {
      const foreign = await writeRun({ runsDir: outside.path, id: "foreign", lines: 1 });
      symlinkSync(foreign, link);
      for (const dir of [
        foreign,
        link,
        folder,
        join(first, "samples"),
        join(first, "..", "..", ".."),
        "runs",
        "/etc",
      ]) {
        await rejects(dashboard.add([dir]), { name: "UserError", message: /is not a run of this workspace/ }, dir);
      }
      deepEqual(dashboard.dirs, []);
    } finally {
      panel.dispose();
      rmSync(link, { force: true });
      await outside.remove();
    }
  });

  it("refuses more runs than it can show, in a new panel and in one that is open", async () => {
    const many = join(folder, "many-runs");
    const { dashboard, panel } = emptyPanel();
    try {
      const dirs = Array.from({ length: MOST_RUNS + 1 }, (_, i) => join(many, String(i)));
      for (const dir of dirs) {
        cpSync(first, dir, { recursive: true, filter: (path) => !path.startsWith(join(first, "samples")) });
      }
      await rejects(dashboard.add(dirs), { name: "UserError", message: /shows 200 runs at most/ });
      deepEqual(dashboard.dirs, []);
      await vscode.commands.executeCommand("maskdm.compareRuns", dirs);
      equal(api.dashboard.panels.length, 0);
      await vscode.commands.executeCommand("maskdm.compareRuns", dirs.slice(1));
      deepEqual(
        api.dashboard.panels.map((shown) => shown.dirs.length),
        [MOST_RUNS],
      );
      await vscode.commands.executeCommand("workbench.action.closeAllEditors");
      await until("it is closed", () => api.dashboard.panels.length === 0);
    } finally {
      panel.dispose();
      rmSync(many, { recursive: true, force: true });
    }
  });

  it("answers malformed messages with errors, or not at all, and goes on", async () => {
    const { dashboard, panel } = emptyPanel();
    await dashboard.add([first]);
    const view = { charts: ["loss"], x: "step", logX: false, range: null, pixels: 300, tau: 0, raw: true, hidden: [] };
    const asked: readonly (readonly [method: string, params: unknown, answer: RegExp | null])[] = [
      ["nothing", {}, /has no method/],
      ["toString", {}, /has no method/],
      ["view", null, /wrong parameters/],
      ["view", { ...view, pixels: 1e9 }, /wrong parameters at pixels/],
      ["view", { ...view, range: [3, 3] }, /wrong parameters at range/],
      ["view", { ...view, charts: ["__proto__"] }, /wrong parameters at charts/],
      ["view", { ...view, tau: "50" }, /wrong parameters at tau/],
      ["view", { ...view, more: 1 }, /wrong parameters/],
      ["view", { ...view, hidden: ["/etc"] }, /is not a run of this dashboard/],
      ["act", { dir: second, action: "stop" }, /is not a run of this dashboard/],
      ["act", { dir: first, action: "delete" }, /wrong parameters at action/],
      ["samples", { dir: join(first, "..", "..") }, /is not a run of this dashboard/],
      ["samples", { dir: `${first}/../dashboard-02` }, /is not a run of this dashboard/],
      ["samples", { dir: 7 }, /wrong parameters at dir/],
      ["evaluations", { dirs: [first, second] }, /is not a run of this dashboard/],
      ["evaluations", { dirs: first }, /wrong parameters at dirs/],
      ["neighbours", { dir: "/etc", drawn: "a", name: "b" }, /is not a run of this dashboard/],
      ["neighbours", { dir: first, drawn: "../..", name: "b" }, /wrong parameters at drawn/],
      ["neighbours", { dir: first, drawn: "a", name: "b/c" }, /wrong parameters at name/],
      ["exportEvaluations", { dirs: ["/etc"] }, /is not a run of this dashboard/],
      ["followLog", { dir: "/etc" }, /is not a run of this dashboard/],
      ["exportCsv", { chart: "loss", x: "step", range: null, dirs: ["/etc"] }, /is not a run of this dashboard/],
      ["savePicture", { name: "x", kind: "png", bytes: "text" }, /wrong parameters at bytes/],
      ["savePicture", { name: "x", kind: "exe", bytes: [] }, /wrong parameters at kind/],
      ["samples", { dir: first }, null],
      ["evaluations", { dirs: [first] }, null],
      ["neighbours", { dir: first, drawn: "a", name: "b" }, null],
      ["view", view, null],
    ];
    const requests = asked.map(([method, params], id) => ({ kind: "request", id, method, params }));
    const noRequests = ["text", 7, null, [], { kind: "reply" }, { kind: "request", id: -1, method: "ready" }];
    const replies = await answersTo(panel, [...noRequests, ...requests], requests.length);
    asked.forEach(([method, params, answer], id) => {
      const reply = replies.find((other) => other.id === id);
      const what = `${method} ${JSON.stringify(params)}`;
      ok(reply, what);
      if (answer === null) ok(reply.ok, `${what}: ${reply.error}`);
      else match(reply.error ?? "", answer, what);
    });
    equal(replies.length, requests.length);
    panel.dispose();
  });

  function emptyPanel(): { dashboard: DashboardPanel; panel: vscode.WebviewPanel } {
    const panel = vscode.window.createWebviewPanel("maskdm.test", "test", vscode.ViewColumn.One, {});
    const { services } = api;
    const context = { extensionUri: extension().extensionUri, services, series: new RunSeriesStore(services.runs) };
    return { dashboard: new DashboardPanel(panel, context), panel };
  }
});

const replySchema = z.object({
  kind: z.literal("reply"),
  id: z.number(),
  ok: z.boolean(),
  error: z.string().optional(),
});

/** Sends messages from a page in the panel, as a page of ours could if it were taken over, and gathers the replies. */
async function answersTo(
  panel: vscode.WebviewPanel,
  messages: readonly unknown[],
  count: number,
): Promise<z.output<typeof replySchema>[]> {
  const replies: z.output<typeof replySchema>[] = [];
  const subscription = panel.webview.onDidReceiveMessage((message: unknown) => {
    const echoed = z.object({ echo: replySchema }).safeParse(message);
    if (echoed.success) replies.push(echoed.data.echo);
  });
  const text = JSON.stringify(messages).replaceAll("<", "\\u003c");
  panel.webview.html = `<!DOCTYPE html><script>
    const api = acquireVsCodeApi();
    addEventListener("message", ({ data }) => { if (data.kind === "reply") api.postMessage({ echo: { ...data, result: null } }); });
    for (const message of ${text}) api.postMessage(message);
  </script>`;
  await until("all requests are answered", () => replies.length >= count);
  await sleep(200);
  subscription.dispose();
  return replies;
}

const tabs = (): string[] => vscode.window.tabGroups.all.flatMap((group) => group.tabs.map(({ label }) => label));

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${WAIT_MS / 1000} s`);
    await sleep(20);
  }
}
