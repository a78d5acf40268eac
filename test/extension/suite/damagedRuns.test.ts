/** Run folders of which files were cut, garbled, swapped or removed, in explorer and dashboard of a real editor. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";
import { MOST_RUNS } from "../../../src/core/protocol/dashboard.ts";
import type { RunEntry } from "../../../src/core/run/entry.ts";
import { runItems } from "../../../src/extension/dashboard/pickRuns.ts";
import { runDetails } from "../../../src/extension/dashboard/runDetails.ts";
import type { ExtensionApi } from "../../../src/extension/extension.ts";
import { tooltipOf, treeItem } from "../../../src/extension/runs/runItem.ts";
import { buildTree, walk } from "../../../src/extension/runs/runTree.ts";
import { listSamples } from "../../../src/node/run/sampleFiles.ts";
import { copyRun, type Damage, damageRun, ODD_NAMES, seededRandom } from "../../support/damageRun.ts";
import { writeRun } from "../../support/runFolders.ts";
import { slowness } from "../../support/slowness.ts";
import { extension } from "./manifestFacts.ts";

const FOLDERS = 1000;
const WHOLE = ["whole-1", "whole-2", "whole-10"];
const LONGEST_BLOCK_MS = 500;

describe("damaged runs", function () {
  this.timeout(120_000);
  let api: ExtensionApi;
  let runsDir: string;
  const damages = new Map<string, Damage>();
  const own = (dir: string): boolean => dir.startsWith(`${runsDir}/`) && (damages.has(dir) || isWhole(dir));
  const isWhole = (dir: string): boolean => WHOLE.some((id) => dir === join(runsDir, id));

  before(async () => {
    api = (await extension().activate()) as ExtensionApi;
    runsDir = join(vscode.workspace.workspaceFolders![0]!.uri.fsPath, "runs");
    const model = await writeRun({ runsDir, id: "damaged-model", lines: 20, totalSteps: 200, samplesAt: [100, 200] });
    const random = seededRandom(4711);
    for (let i = 0; i < FOLDERS; i++) {
      const dir = join(runsDir, ODD_NAMES[i] ?? `damaged-${i}`);
      copyRun(model, dir);
      damages.set(dir, damageRun(dir, random));
    }
    for (const id of WHOLE) copyRun(model, join(runsDir, id));
    rmSync(model, { recursive: true });
  });
  after(async () => {
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    for (const dir of [...damages.keys(), ...WHOLE.map((id) => join(runsDir, id))]) {
      rmSync(dir, { recursive: true, force: true });
    }
    await api.services.runs.refresh();
  });

  it("are listed without holding up the editor, and the whole ones among them as what they are", async () => {
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    await api.services.runs.refresh();
    delay.disable();
    const longest = delay.max / 1e6;
    ok(longest < LONGEST_BLOCK_MS * slowness(), `blocked for ${longest} ms`);
    const entries = api.services.runs.runs.filter(({ dir }) => own(dir));
    for (const id of WHOLE) equal(entries.find(({ dir }) => dir === join(runsDir, id))?.state, "finished");
    const tree = buildTree(entries, [], { filter: { text: "", archived: true }, sort: "newest" });
    let shown = 0;
    for (const [node] of walk(tree)) {
      treeItem(node);
      tooltipOf(node);
      if (node.kind === "run") shown++;
    }
    equal(shown, entries.length);
    for (const entry of entries) {
      const { what, parts } = damages.get(entry.dir) ?? { what: "whole", parts: new Set<string>() };
      if (!parts.has("run.json") && !parts.has("status.json")) equal(entry.state, "finished", what);
      if (entry.state === "damaged") match(entry.reason ?? "", /./, what);
    }
  });

  it("can be compared, newest first and by name as people count, with facts that tell them apart", async () => {
    const items = await runItems(
      api.services.runs.runs.filter(({ dir }) => own(dir)),
      new Set(),
    );
    deepEqual(
      items.filter(({ dir }) => isWhole(dir)).map(({ label }) => label),
      WHOLE,
    );
    for (const { dir, description, detail } of items) {
      if (!isWhole(dir)) continue;
      equal(description, "finished · 200 steps · pretrain");
      match(detail ?? "", new RegExp(String(new Date().getFullYear())));
    }
  });

  it("are shown by the dashboard as far as they are whole", async () => {
    const entries = api.services.runs.runs.filter(({ dir }) => own(dir));
    for (let first = 0; first < entries.length; first += MOST_RUNS) {
      const batch = entries.slice(first, first + MOST_RUNS);
      await isShown(batch);
      await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    }
  });

  /** One dashboard of these runs. */
  async function isShown(entries: readonly RunEntry[]): Promise<void> {
    const dirs = entries.map(({ dir }) => dir);
    await vscode.commands.executeCommand("maskdm.compareRuns", dirs);
    const panel = api.dashboard.panels.find((other) => other.dirs.length === dirs.length);
    ok(panel);
    deepEqual(panel.dirs, dirs);
    // A page that is closed while it still loads makes the next one wait for many seconds.
    await new Promise<void>((resolve) => {
      panel.panel.webview.onDidReceiveMessage(({ method }: { method?: unknown }) => method === "view" && resolve());
    });
    for (const entry of entries) {
      const details = runDetails(entry);
      const samples = await listSamples(entry.dir).catch((error: NodeJS.ErrnoException) => {
        ok(error.code, String(error));
        return [];
      });
      if (!isWhole(entry.dir)) continue;
      ok(details.config);
      equal(samples.length, 2);
    }
    // The tails of all of them have looked at their files by now and go on.
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    await sleep(1000);
    delay.disable();
    ok(delay.max / 1e6 < LONGEST_BLOCK_MS * slowness(), `blocked for ${delay.max / 1e6} ms`);
  }
});
