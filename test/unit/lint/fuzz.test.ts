import { describe, expect, it } from "vitest";
import { BatchPlanner } from "../../../src/core/batch/plan.ts";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import type { Experiment } from "../../../src/core/experiment/schema.ts";
import type { LintFacts } from "../../../src/core/lint/facts.ts";
import { lintExperiment } from "../../../src/core/lint/lint.ts";
import { maskPieces, onGrid, pieceAt } from "../../../src/core/masks/schedule.ts";
import { cpuClock, slowness } from "../../support/slowness.ts";
import { experimentFixtures, type Fixture } from "./fixtures.ts";
import { mutate } from "./mutate.ts";
import { expectValidPositions, fixed } from "./positions.ts";

const MUTANTS = Number(process.env["FUZZ_MUTANTS"] ?? 2000);
const FIRST_SEED = Number(process.env["FUZZ_SEED"] ?? 0);
/** Milliseconds of processor time. */
const LIMIT = 1000 * slowness(cpuClock);
/** Tokens of a planned batch; a file may ask for gigabytes of masks, which is for preview to refuse. */
const MAX_PLANNED_TOKENS = 2 ** 22;

const FACTS: readonly LintFacts[] = [
  {},
  { memoryBytes: 8 * 2 ** 30, cores: 2, dataset: { exists: true, images: 1039, classes: 7 } },
  { stage: "pretrain", dataset: { exists: false } },
  {
    stage: "finetune",
    checkpoint: {
      data: { image_size: 64, channels: 3 },
      model: { patch_size: 4, embed_dim: 512 },
      diffusion: { schedule: "cosine" },
    },
  },
];

const good = experimentFixtures("good");
// The longest fixture is about length alone.
const broken = experimentFixtures("broken").filter(({ text }) => text.length < 8192);

const sourceOf = (seed: number): Fixture => {
  const from = seed % 3 === 0 ? broken : good;
  return from[Math.floor(seed / 3) % from.length]!;
};

/** Draws what step 3 would see, as preview does. */
function planBatch(experiment: Experiment): void {
  const { data, model, mask, diffusion, pretrain } = experiment;
  if (data.image_size % model.patch_size !== 0) return;
  const grid = data.image_size / model.patch_size;
  const masks = onGrid(maskPieces(mask, "pretrain", pretrain.steps), grid);
  if (masks === null) return;
  const { geometry } = pieceAt(masks, 3);
  if (pretrain.batch_size * geometry.tokens > MAX_PLANNED_TOKENS) return;
  const planner = new BatchPlanner({
    seed: experiment.seed,
    stage: "pretrain",
    batchSize: pretrain.batch_size,
    datasetSize: 1039,
    diffusion,
    masks,
    hflip: data.hflip,
    labelDropout: model.num_classes > 0 ? model.class_dropout : 0,
  });
  const plan = planner.plan(3);
  expect(plan.visible.length).toBe(pretrain.batch_size * geometry.visibleTokens);
  for (const token of plan.visible) if (token < 0 || token >= geometry.tokens) throw new RangeError(`token ${token}`);
}

describe("mutated experiment files", () => {
  it(`${MUTANTS} of them: lint, parse, masks and batches neither throw nor dawdle, and positions lie in the text`, () => {
    const counts = { parsed: 0, refused: 0, fixes: 0 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + MUTANTS; seed++) {
      const source = sourceOf(seed);
      const text = mutate(source.text, seed);
      const start = process.cpuUsage();
      const diagnostics = lintExperiment(text, FACTS[seed % FACTS.length]);
      const parsed = parseExperiment(text);
      const { user, system } = process.cpuUsage(start);
      const taken = (user + system) / 1000;
      expect(taken, `seed ${seed} of ${source.name} took ${taken} ms`).toBeLessThan(LIMIT);
      expectValidPositions(text, diagnostics);
      if (parsed.ok) {
        counts.parsed++;
        planBatch(parsed.experiment);
      } else {
        counts.refused++;
        expect(parsed.diagnostics.some(({ severity }) => severity === "error")).toBe(true);
        expectValidPositions(text, parsed.diagnostics);
      }
      // Of a key written twice a fix changes one.
      if (diagnostics.some(({ code }) => code === "MDM003")) continue;
      for (const diagnostic of diagnostics) {
        if (!diagnostic.fix) continue;
        counts.fixes++;
        const after = lintExperiment(fixed(text, diagnostic), FACTS[seed % FACTS.length]);
        const isThere = after.some(({ code, message }) => code === diagnostic.code && message === diagnostic.message);
        expect(isThere, `seed ${seed}: "${diagnostic.fix.title}" leaves ${diagnostic.message}\n${text}`).toBe(false);
      }
    }
    // Mutants of one kind only would test little.
    expect(counts.parsed).toBeGreaterThan(MUTANTS / 20);
    expect(counts.refused).toBeGreaterThan(MUTANTS / 10);
    expect(counts.fixes).toBeGreaterThan(MUTANTS / 10);
  });

  it("are the same for the same seed", () => {
    const { text } = good[0]!;
    expect(mutate(text, 7)).toBe(mutate(text, 7));
    expect(mutate(text, 7)).not.toBe(mutate(text, 8));
  });
});
