/** Chooses where the PyTorch engine trains. */
import type { Experiment } from "../../../core/experiment/schema.ts";
import type { TorchTarget } from "./target.ts";

/**
 * What trains an experiment; null: this program's own engine does.
 * @throws UserError where the PyTorch engine is asked for and cannot be had
 */
export async function torchTarget(experiment: Experiment): Promise<TorchTarget | null> {
  switch (experiment.compute.target) {
    case "ray":
      return (await import("./ray.ts")).rayTarget(experiment.compute);
    case "command":
      return (await import("./command.ts")).commandTarget(experiment.compute);
    case "local": {
      const { torchFor } = await import("../../torch/findTorch.ts");
      const torch = await torchFor(experiment);
      return torch === null ? null : (await import("./local.ts")).localTarget(torch);
    }
  }
}
