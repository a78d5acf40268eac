/** The journal, read by the real Optuna. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import type { RunFacts } from "../../../src/core/study/cellState.ts";
import { optunaJournal, type TrialRecord } from "../../../src/core/study/optunaJournal.ts";
import { studyResults } from "../../../src/core/study/results.ts";
import type { TableCell } from "../../../src/core/study/table.ts";
import { studyTable } from "../../../src/core/study/table.ts";
import { requirePython } from "../../python/requirePython.ts";
import { runPython } from "../../python/runPython.ts";
import { exampleFacts, failedRun, finishedRun, planExample } from "../../support/exampleStudy.ts";

const answer = z.object({
  name: z.string(),
  direction: z.string(),
  attributes: z.record(z.string(), z.json()),
  best: z.number().nullable(),
  space: z.record(z.string(), z.string()),
  trials: z.array(
    z.object({
      number: z.number(),
      state: z.string(),
      value: z.number().nullable(),
      params: z.record(z.string(), z.json()),
      contained: z.boolean(),
      intermediate: z.array(z.tuple([z.number(), z.number()])),
      attributes: z.record(z.string(), z.json()),
      seconds: z.number().nullable(),
    }),
  ),
});

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-optuna-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const AXES =
  "{pretrain.lr: [1e-4, 1e-3], size: [{model.patch_size: 4, model.depth: 3}, {model.patch_size: 8, model.depth: 5}], mask.rate: [0.5, [{until: 0.5, rate: 0.9}, {rate: 0.5}]]}";

const training: RunFacts = { ...finishedRun(1), state: "running", step: 10, heldOut: null };

const measuredOf = ({ seed, value }: TableCell): TrialRecord["measured"] =>
  value === null
    ? []
    : [
        [10, 2 * value],
        [20, Number.NaN],
        [30, value + seed],
      ];

describe("an Optuna journal", () => {
  it("is read by Optuna with every state, parameter, value, measure on the way and attribute", (test) => {
    const python = requirePython(test, ["optuna"]);
    const plan = planExample(AXES, 2);
    const runs = exampleFacts(plan, [[0.5, 0.52], [failedRun("loss exploded: «é»"), 0.4], [training], [], [0.3]]);
    const givenUp = plan.cells[6]!.key;
    const record = { givenUp: { [givenUp]: 0.25 }, failed: {}, evaluating: null };
    const facts = { run: (id: string) => runs.get(id), record: record as never, atWork: false };
    const table = studyTable(plan, studyResults(plan, facts));
    const trial = (cell: TableCell): TrialRecord => ({
      ...{ startedAt: "2026-01-31T10:00:00Z", endedAt: "2026-01-31T10:01:30.5Z" },
      ...{ measured: measuredOf(cell), commands: [`maskdm pretrain a.maskdm.yaml --set seed=${cell.seed}`] },
    });
    const file = join(folder, "journal.log");
    writeFileSync(file, optunaJournal({ name: "sizes", table, trial, attributes: { base: "a.maskdm.yaml" } }));
    const read = answer.parse(JSON.parse(runPython(python, "optuna_journal.py", { file })));

    expect(read).toMatchObject({ name: "sizes", direction: "MINIMIZE", best: 8 });
    expect(read.attributes).toEqual({ metric: "held_out_loss", base: "a.maskdm.yaml" });
    expect(Object.keys(read.space)).toEqual(expect.arrayContaining(["pretrain.lr", "mask.rate", "model.depth"]));
    expect(read.space["pretrain.lr"]).toContain("log=True");
    const cells = table.rows.flatMap((row) => row.cells.map((cell) => ({ row, cell })));
    expect(read.trials).toHaveLength(cells.length);
    const states = {
      done: "COMPLETE",
      failed: "FAIL",
      refused: "FAIL",
      "given up": "PRUNED",
      training: "RUNNING",
      evaluating: "RUNNING",
      paused: "WAITING",
      waiting: "WAITING",
    };
    read.trials.forEach((found, number) => {
      const { row, cell } = cells[number]!;
      expect(found).toMatchObject({ number, state: states[cell.state], value: cell.value, contained: true });
      expect(found.intermediate).toEqual(measuredOf(cell).filter(([, value]) => !Number.isNaN(value)));
      expect(found.attributes).toMatchObject({
        ...{ configuration: row.label, seed: cell.seed, runs: cell.runs.join(" "), state: cell.state },
        commands: `maskdm pretrain a.maskdm.yaml --set seed=${cell.seed}`,
      });
      expect(found.seconds).toBe(["COMPLETE", "FAIL", "PRUNED"].includes(found.state) ? 90.5 : null);
    });
    expect(new Set(read.trials.map(({ state }) => state))).toEqual(
      new Set(["COMPLETE", "FAIL", "PRUNED", "RUNNING", "WAITING"]),
    );
    expect(read.trials[1]!.params).toEqual({
      "pretrain.lr": 1e-4,
      "model.patch_size": 4,
      "model.depth": 3,
      "mask.rate": 0.5,
    });
    expect(read.trials[2]!.params["mask.rate"]).toBe("[{until: 0.5, rate: 0.9}, {rate: 0.5}]");
    expect(read.trials[2]!.attributes["reason"]).toBe("loss exploded: «é»");
  });
});
