/** Processes that train together. */
import { divisors, nearest } from "../../numbers.ts";
import { trainsWithTorch } from "../../torch/trainsWithTorch.ts";
import type { Rule } from "../rule.ts";

const workersDivide: Rule = {
  code: "MDM705",
  name: "workers-divide",
  severity: "error",
  explanation:
    "`compute.workers` must divide `batch_size`: each process works on as many images of a step as the others.",
  fix: "Writes the nearest number that divides the batch size, of both stages where both are looked at.",
  *check(context) {
    const { workers } = context.experiment.compute;
    const stages = [...context.stages()];
    const suitAll = divisors(stages[0]?.config.batch_size ?? 1).filter((size) =>
      stages.every(({ config }) => config.batch_size % size === 0),
    );
    const near = nearest(suitAll, workers) ?? 1;
    for (const { stage, config } of stages) {
      const batch = config.batch_size;
      if (batch % workers === 0) continue;
      yield {
        at: ["compute.workers", `${stage}.batch_size`],
        message: `compute.workers ${workers} does not divide ${stage}.batch_size ${batch}: each process works on as many images. Use ${near}, or another batch_size.`,
        fix: { title: `Use workers ${near}`, set: { "compute.workers": String(near) } },
      };
    }
  },
};

const workersNeedTorch: Rule = {
  code: "MDM706",
  name: "workers-need-torch",
  severity: "warning",
  explanation:
    "`compute.workers` above 1 is for the PyTorch engine. Any other trains with one process: it learns the same and takes longer.",
  fix: "Writes `backend: torch`.",
  *check({ experiment, facts }) {
    const { compute, engine } = experiment;
    if (compute.workers === 1 || trainsWithTorch(experiment, facts.autoTakesTorch === true)) return;
    yield {
      at: ["compute.workers"],
      message: `compute.workers ${compute.workers} is for PyTorch, and engine.backend ${engine.backend} trains with one process here. Use engine.backend torch.`,
      fix: { title: "Use backend: torch", set: { "engine.backend": "torch" } },
    };
  },
};

export const COMPUTE_RULES: readonly Rule[] = [workersDivide, workersNeedTorch];
