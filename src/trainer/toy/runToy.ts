/** Trains the 2-D picture of the method: in two stages, and from scratch at the same cost beside it. */
import { setImmediate } from "node:timers/promises";
import { TOY_DRAWS, toyPoints } from "../../core/toy/dataSets.ts";
import { chanceDistances, meanDistanceWithin, toyDistances } from "../../core/toy/distances.ts";
import { toyExperiment } from "../../core/toy/experiment.ts";
import type { ToyCloud, ToyMessage } from "../../core/toy/messages.ts";
import { DRAWN_POINTS, type ToySettings, TRAINING_POINTS, toyMoments, toyStages } from "../../core/toy/settings.ts";
import { chooseBackend } from "../engine/chooseBackend.ts";
import { engineThreads } from "../engine/engineThreads.ts";
import { ownBackend } from "../engine/wantedBackend.ts";
import { ToyNetwork } from "./toyNetwork.ts";

/** @param tell receives one start and then the frames */
export async function runToy(settings: ToySettings, tell: (message: ToyMessage) => void): Promise<void> {
  const experiment = toyExperiment(settings);
  const drawn = { ...settings, count: DRAWN_POINTS };
  const target = toyPoints({ ...drawn, draw: TOY_DRAWS.reference });
  const within = meanDistanceWithin(target);
  const cloud = (points: Float32Array, distances = toyDistances(points, target, within)): ToyCloud => ({
    points: Array.from(points, (value) => Math.round(value * 1000) / 1000 + 0),
    distances,
  });
  const { backend } = await chooseBackend(ownBackend(experiment), engineThreads(experiment));
  const moments = toyMoments(settings);
  tell({
    ...{ kind: "start", settings, backend: backend.name, frames: moments.length },
    target: cloud(target, chanceDistances(drawn, target)),
  });
  const points = toyPoints({ ...settings, draw: TOY_DRAWS.training, count: TRAINING_POINTS });
  let staged = new ToyNetwork(backend, experiment, "pretrain", points);
  // Finetuning without pretraining, for longer.
  const longer = { ...experiment, finetune: { ...experiment.finetune, steps: toyStages(settings).scratch } };
  const scratch = new ToyNetwork(backend, longer, "finetune", points);
  for (const [index, moment] of moments.entries()) {
    if (moment.stage !== staged.stage) staged = await staged.finetuned();
    await staged.trainTo(moment.step);
    await scratch.trainTo(moment.budget);
    const clouds = { staged: cloud(await staged.draw(DRAWN_POINTS)), scratch: cloud(await scratch.draw(DRAWN_POINTS)) };
    tell({ kind: "frame", index, ...moment, ...clouds });
    // Meanwhile what was written is sent, and a signal comes to its turn.
    await setImmediate();
  }
  await staged.dispose();
  await scratch.dispose();
}
