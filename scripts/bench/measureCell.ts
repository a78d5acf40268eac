/** One row group of the benchmark: all engines on one model, mask rate and batch. */
import { existsSync } from "node:fs";
import path from "node:path";
import { WASM_BUDGET_BYTES } from "../../src/core/cost/microBatch.ts";
import { BENCH_IMAGES } from "../../src/trainer/bench/stepBench.ts";
import { EngineFailure, type EngineProcess } from "./engineProcess.ts";
import type { Engine } from "./engines.ts";
import {
  type Followed,
  followAll,
  LOSS_TOLERANCE,
  largestDifference,
  referenceOf,
  writeWeights,
} from "./equivalence.ts";
import { interleave, type Runner } from "./interleave.ts";
import type { Options } from "./options.ts";
import { type CellPlan, LEAST_ROUNDS } from "./plan.ts";
import type { Network, Reply } from "./protocol.ts";
import type { Cell, Row } from "./record.ts";
import { median } from "./statistics.ts";

/** What the cells of a run share. */
export interface Bench {
  readonly options: Options;
  readonly engines: readonly Engine[];
  /** for weights and batches */
  readonly folder: string;
  /** by model, mask rate and micro-batch */
  readonly followed: Map<string, Map<string, Followed>>;
  readonly tuned: Map<string, Reply<"tune">>;
  /** matrix-product operations a second, the best seen of each engine */
  readonly rates: Map<string, number>;
  readonly say: (line: string) => void;
}

export async function measureCell(bench: Bench, plan: CellPlan): Promise<Cell> {
  const rows = new Map<string, Row>();
  const leaveOut = (engine: string, reason: string) => rows.set(engine, { engine, state: "left out", reason });
  for (const engine of bench.engines) {
    const reason = reasonToLeaveOut(bench, engine, plan);
    if (reason !== null) leaveOut(engine.id, reason);
  }
  const taking = () => bench.engines.filter(({ id }) => !rows.has(id));
  const tuned = await tune(bench, plan, taking());
  const followed = await follow(bench, plan, taking(), tuned);
  const reference = referenceOf(followed);
  const differences = new Map<string, number>();
  for (const [engine, result] of followed) {
    if ("failure" in result) {
      leaveOut(engine, result.failure);
      continue;
    }
    const expected = followed.get(reference!)!;
    const lossDifference = "losses" in expected ? largestDifference(result.losses, expected.losses) : Number.NaN;
    differences.set(engine, lossDifference);
    if (!(lossDifference <= LOSS_TOLERANCE)) {
      rows.set(engine, { engine, state: "differs", losses: [...result.losses], lossDifference });
    }
  }
  const measured = await measure(bench, plan, taking(), tuned);
  for (const [engine, row] of measured) {
    if (row.state === "left out") {
      leaveOut(engine, row.reason);
      continue;
    }
    const result = followed.get(engine)!;
    const losses = "losses" in result ? [...result.losses] : [];
    rows.set(engine, { ...row, losses, lossDifference: differences.get(engine)! });
    const rate =
      (median(row.blocks.map(({ perSecond }) => perSecond)) * plan.facts.flopsPerStep) / plan.facts.batchSize;
    bench.rates.set(engine, Math.max(rate, bench.rates.get(engine) ?? 0));
  }
  return { ...plan.facts, reference, tried: tuned?.tried ?? null, rows: bench.engines.map(({ id }) => rows.get(id)!) };
}

/** Known before anything runs: the row cannot fit. */
function reasonToLeaveOut({ options, rates, engines }: Bench, { id, peak }: Engine, plan: CellPlan): string | null {
  const gib = (plan.predictedBytes / 2 ** 30).toFixed(1);
  if (!plan.fits) return `does not fit in memory: ${engines.length} engines are predicted to take ${gib} GiB each`;
  if (id === "tfjs-wasm" && plan.predictedBytes > WASM_BUDGET_BYTES) {
    return `does not fit in memory: predicted to take ${gib} GiB; a step on WebAssembly may plan with ${WASM_BUDGET_BYTES / 2 ** 30}`;
  }
  // Optimistic: at the best rate seen, and the row's whole time for this engine.
  const rate = rates.get(id) ?? peak?.flopsPerSecond;
  const seconds = rate === undefined ? 0 : plan.facts.flopsPerStep / rate;
  const needed = LEAST_ROUNDS * seconds;
  return needed > 60 * options.rowMinutes
    ? `${LEAST_ROUNDS} steps would take ${minutes(needed)} at its best rate so far; the row has ${minutes(60 * options.rowMinutes)}`
    : null;
}

const minutes = (seconds: number): string => `${(seconds / 60).toFixed(seconds < 600 ? 1 : 0)} min`;

/** The model's weights, written once. */
export function weightsFile(bench: Bench, model: string, config: Network): string {
  const file = path.join(bench.folder, `${model}.safetensors`);
  if (!existsSync(file)) writeWeights(file, config, 0);
  return file;
}

/** PyTorch's quickest kernels for the shape; null where eager PyTorch takes no part, or fails. */
async function tune(bench: Bench, plan: CellPlan, engines: readonly Engine[]): Promise<Reply<"tune"> | null> {
  const torch = engines.find(({ id }) => id === "pytorch");
  if (!torch) return null;
  // Kernels see a micro-batch at a time; AdamW does not depend on it.
  const work = { ...plan.work, batchSize: plan.work.microBatch };
  const key = keyOf(plan);
  const known = bench.tuned.get(key);
  if (known) return known;
  const process = await torch.start();
  try {
    const tuned = await process.ask("tune", { ...work, images: work.batchSize }, 60 * bench.options.rowMinutes);
    bench.tuned.set(key, tuned);
    return tuned;
  } catch (error) {
    if (error instanceof EngineFailure) return null;
    throw error;
  } finally {
    await process.quit();
  }
}

const keyOf = ({ facts }: CellPlan): string => [facts.model, facts.maskRate, facts.microBatch].join(" ");

async function follow(
  bench: Bench,
  plan: CellPlan,
  engines: readonly Engine[],
  tuned: Reply<"tune"> | null,
): Promise<Map<string, Followed>> {
  const { facts, work } = plan;
  const key = `${keyOf(plan)} ${facts.microBatch < facts.batchSize}`;
  const known = bench.followed.get(key) ?? new Map<string, Followed>();
  const wanted = engines.filter(({ id }) => !known.has(id));
  const fresh = await followAll(wanted, work, {
    modelFile: weightsFile(bench, facts.model, work.config),
    folder: path.join(bench.folder, "batch"),
    attention: tuned?.attention ?? DEFAULT_VARIANT.attention,
    limitSeconds: 60 * bench.options.rowMinutes,
  });
  for (const [engine, result] of fresh) known.set(engine, result);
  bench.followed.set(key, known);
  return new Map(engines.map(({ id }) => [id, known.get(id)!]));
}

/** Where nothing was tried out. */
const DEFAULT_VARIANT = { attention: "sdpa", optimizer: "fused" };

type Measured =
  | Omit<Extract<Row, { state: "measured" }>, "losses" | "lossDifference">
  | Extract<Row, { state: "left out" }>;

/** Fresh processes, so that what was tried out before does not count towards the memory of what is measured. */
async function measure(
  bench: Bench,
  plan: CellPlan,
  engines: readonly Engine[],
  tuned: Reply<"tune"> | null,
): Promise<Map<string, Measured>> {
  const { options } = bench;
  const result = new Map<string, Measured>();
  const runners: Runner[] = [];
  const started: EngineProcess[] = [];
  const firstSteps = new Map<string, number>();
  const limitSeconds = 60 * options.rowMinutes;
  const { attention, optimizer } = tuned ?? DEFAULT_VARIANT;
  try {
    for (const engine of engines) {
      try {
        const process = await engine.start();
        started.push(process);
        const setup = await process.ask(
          "setup",
          { ...plan.work, images: BENCH_IMAGES, attention, optimizer },
          limitSeconds,
        );
        checkSetup(engine, plan, setup);
        await process.ask("steps", { n: 1 }, limitSeconds);
        firstSteps.set(engine.id, process.age);
        runners.push({ id: engine.id, process, work: (n, limit) => process.ask("steps", { n }, limit) });
      } catch (error) {
        if (!(error instanceof EngineFailure)) throw error;
        result.set(engine.id, { engine: engine.id, state: "left out", reason: error.message });
      }
    }
    const { rounds, blockSeconds } = options;
    const { blocks, failures } = await interleave(runners, {
      rounds,
      blockSeconds,
      limitSeconds,
      perUnit: plan.work.batchSize,
    });
    for (const { id, process } of runners) {
      const failure = failures.get(id);
      const isTorch = engines.some((engine) => engine.id === id && engine.isTorch);
      result.set(
        id,
        failure !== undefined
          ? { engine: id, state: "left out", reason: failure }
          : {
              engine: id,
              state: "measured",
              variant: isTorch ? `${attention}, ${optimizer}` : null,
              secondsToFirstStep: firstSteps.get(id)!,
              blocks: [...blocks.get(id)!],
              peakMemoryBytes: (await process.ask("memory", {})).peakMemoryBytes,
            },
      );
    }
    return result;
  } finally {
    for (const process of started) await process.quit();
  }
}

function checkSetup(engine: Engine, { facts }: CellPlan, setup: Reply<"setup">): void {
  if (setup.visibleTokens !== facts.visibleTokens || setup.parameters !== facts.parameters) {
    throw new EngineFailure(
      `its network is another: ${setup.visibleTokens} visible tokens and ${setup.parameters} parameters, not ${facts.visibleTokens} and ${facts.parameters} (${engine.id})`,
    );
  }
}
