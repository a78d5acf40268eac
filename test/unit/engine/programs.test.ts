/** Training programs are freed when steps of another kind begin: each holds memory for all activations of a step. */
import { describe, expect, it } from "vitest";
import type { Backend } from "../../../src/trainer/engine/backend.ts";
import { Engine } from "../../../src/trainer/engine/engine.ts";
import { HostLearner } from "../../../src/trainer/engine/hostLearner.ts";
import type { Learner, TrainingProgram } from "../../../src/trainer/engine/learner.ts";
import type { ParameterStore } from "../../../src/trainer/engine/optimizer/parameterStore.ts";
import { testBackends, titleOf } from "./testBackends.ts";
import { TINY_CASES, tinyModel } from "./tinyModels.ts";
import { batchOf, SCALARS } from "./tinySteps.ts";

const { shape, ...rest } = TINY_CASES[2]!;
const masked = tinyModel({ ...rest, shape });
const whole = tinyModel({ ...rest, shape, mask: { ...rest.mask, strategy: "none", rate: 0 } });
const scalars = { ...SCALARS, microBatchSize: masked.batchSize, clipGrad: 1, wantGradNorm: true };

/** The backend with a list of the training programs that an engine has made with it. */
function watched(backend: Backend): { backend: Backend; programs: TrainingProgram[] } {
  const programs: TrainingProgram[] = [];
  const learner = (store: ParameterStore): Learner => {
    const made = backend.learner?.(store) ?? new HostLearner(backend, store);
    const training = made.training.bind(made);
    made.training = async (graph) => {
      const program = await training(graph);
      programs.push(program);
      return program;
    };
    return made;
  };
  return { backend: { ...backend, learner }, programs };
}

/** Steps with the mask, without, and with it again. */
async function train(backend: Backend): Promise<Float32Array[]> {
  const engine = new Engine(backend, { shape, seed: 4 });
  for (const [step, model] of [masked, masked, whole, masked].entries())
    await engine.trainStep(batchOf(model), { ...scalars, update: step + 1 });
  const { raw } = await engine.tensors();
  const weights = raw.map(({ data }) => data.slice());
  await engine.dispose();
  return weights;
}

const backends = await testBackends();

describe.each(backends.map((found) => [titleOf(found), found.backend] as const))("%s", (_, found) => {
  it.skipIf(found === null)("has one training program at a time, and comes back to the same numbers", async () => {
    const { backend, programs } = watched(found!);
    const engine = new Engine(backend, { shape, seed: 4 });
    await engine.prepare(masked.batchSize, masked.visibleTokens);
    await engine.trainStep(batchOf(masked), { ...scalars, update: 1 });
    expect(programs).toHaveLength(1);
    await engine.trainStep(batchOf(whole), { ...scalars, update: 2 });
    await engine.trainStep(batchOf(whole), { ...scalars, update: 3 });
    expect(programs).toHaveLength(2);
    const losses = new Float32Array(masked.batchSize);
    // TensorFlow.js interprets the graph: there is nothing to free, and nothing that would be missed.
    const isFreed = async (program: TrainingProgram, { inputs }: typeof masked): Promise<void> => {
      if (!backend.name.startsWith("tfjs")) await expect(program.run(inputs, losses, false, null)).rejects.toThrow();
    };
    await isFreed(programs[0]!, masked);
    await programs[1]!.run(whole.inputs, losses, false, null);
    await engine.dispose();
    await isFreed(programs[1]!, whole);
    expect(await train(found!)).toEqual(await train(found!));
  });
});
