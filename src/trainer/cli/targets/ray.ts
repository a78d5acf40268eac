/** `compute.target: ray`. */
import { UserError } from "../../../core/errors.ts";
import type { Experiment } from "../../../core/experiment/schema.ts";
import type { TorchTarget } from "./target.ts";

export const rayTarget = (_compute: Experiment["compute"]): TorchTarget => ({
  name: "ray",
  isElsewhere: true,
  async train() {
    throw new UserError("compute.target ray cannot be used yet. Use target local.");
  },
});
