import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";
import type { Evaluation } from "../../../src/core/run/evaluations.ts";
import type { ExtensionApi } from "../../../src/extension/extension.ts";
import { evaluateRun, evaluationProgress, evaluationResult } from "../../../src/extension/runs/evaluateRun.ts";
import { tooltipOf, treeItem } from "../../../src/extension/runs/runItem.ts";
import { evaluationsOf, neighboursPicture } from "../../../src/node/run/evaluations.ts";
import { madeUpEvaluation } from "../../support/evaluations.ts";
import { type TrainedRun, trainedRun } from "./trainedRun.ts";

const WAIT_MS = 15_000;
const HOW = { samples: 50, space: "random-convolutions" };

describe("evaluating a run", function () {
  this.timeout(60_000);
  let run: TrainedRun;
  let api: ExtensionApi;
  let dir: string;
  before(async () => {
    run = await trainedRun("evaluated", "sample: { steps: 5 }");
    ({ api, dir } = run);
  });
  after(() => run.remove());
  afterEach(() => vscode.commands.executeCommand("workbench.action.closeAllEditors"));

  it("writes what it finds into the run's folder, and the explorer says it", async () => {
    const { runs } = api.services;
    const found = await vscode.commands.executeCommand<Evaluation>("maskdm.evaluateRun", dir, HOW);
    deepEqual(evaluationsOf(dir), [found]);
    equal(found.samples, 50);
    ok(existsSync(neighboursPicture({ dir, drawn: found.drawn, name: found.neighbours! })));
    await until("the evaluation", () => runs.get(dir)?.evaluation?.time === found.time);
    const node = { kind: "run", id: "x", entry: runs.get(dir)!, children: [] } as const;
    const item = treeItem(node);
    match(String(item.description), /^finished · KID -?[\d.]+ ± [\d.]+ · loss /);
    match(item.accessibilityInformation?.label ?? "", /KID .* ± /);
    const tooltip = tooltipOf(node) as vscode.MarkdownString;
    for (const name of ["KID floor", "Fréchet distance", "Precision", "Copies", "Measured"]) {
      ok(tooltip.value.includes(`| ${name} |`), `${name} in ${tooltip.value}`);
    }
    await vscode.commands.executeCommand("maskdm.openDashboard", [dir], { tab: "quality" });
    deepEqual(
      api.dashboard.panels.map(({ dirs }) => dirs),
      [[dir]],
    );
  });

  it("says what the command line says where it cannot be done, and refuses a second one meanwhile", async () => {
    const run = api.services.runs.get(dir)!;
    const before = evaluationsOf(dir).length;
    const first = evaluateRun(run, api.services, { ...HOW, space: "nonsense" });
    await rejects(evaluateRun(run, api.services, HOW), /is being evaluated already/);
    await rejects(first, { name: "UserError", message: /^There is no space nonsense: it is none of / });
    equal(evaluationsOf(dir).length, before);
  });

  it("tells how far it is, and the result in one sentence", () => {
    equal(
      evaluationProgress("drawing: 45% 90/200 images · 3.1/s · ETA 35s"),
      "drawing 90/200 images · 3.1/s · ETA 35s",
    );
    equal(evaluationProgress("drawing: 200 images in 3s"), null);
    equal(evaluationProgress("warning: 5% of something"), null);
    equal(
      evaluationResult({ label: "faces" }, madeUpEvaluation()),
      "faces: KID 0.012 ± 0.001 (floor 0.0004 ± 0.0006), 3.2 % copies, by 1000 samples in efficientnet-lite0.",
    );
  });
});

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${WAIT_MS / 1000} s`);
    await sleep(20);
  }
}
