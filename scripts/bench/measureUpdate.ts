/** What AdamW and the moving average of the weights take on a backend of this project: the update at the end of every step. */
import type { BackendName } from "../../src/trainer/engine/backend.ts";
import { HostLearner } from "../../src/trainer/engine/hostLearner.ts";
import { type ModelShape, parameterSpecs } from "../../src/trainer/engine/model/parameters.ts";
import { ParameterStore } from "../../src/trainer/engine/optimizer/parameterStore.ts";
import { tryBackend } from "../../src/trainer/engine/tryBackend.ts";
import { median } from "./statistics.ts";

const UPDATES = 9;
/** Of no consequence for the time, but no zeros and nothing that decays to denormals. */
const VALUE = 1e-3;

/** @returns seconds, the median of some updates @throws Error where the backend does not work */
export async function measureUpdate(name: BackendName, threads: number, shape: ModelShape): Promise<number> {
  const trial = await tryBackend(name, threads);
  if (!trial.ok) throw new Error(trial.reason);
  const store = new ParameterStore(parameterSpecs(shape), false);
  for (const slot of ["raw", "gradient", "m", "v", "ema"] as const) {
    for (const values of store.wholes(slot)) values.fill(VALUE);
  }
  const learner = trial.backend.learner?.(store) ?? new HostLearner(trial.backend, store);
  learner.hostChanged();
  const seconds: number[] = [];
  const scalars = { gradientScale: 1, lr: 2e-4, weightDecay: 0.03, beta1: 0.99, beta2: 0.99, epsilon: 1e-8 };
  for (let update = 1; update <= UPDATES; update++) {
    const start = performance.now();
    await learner.update({ ...scalars, update, emaDecay: 0.999 });
    seconds.push((performance.now() - start) / 1000);
  }
  await learner.dispose();
  return median(seconds);
}
