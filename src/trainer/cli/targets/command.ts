/** `compute.target: command`. */
import { UserError } from "../../../core/errors.ts";
import type { Experiment } from "../../../core/experiment/schema.ts";
import type { TorchTarget } from "./target.ts";

export const commandTarget = (_compute: Experiment["compute"]): TorchTarget => ({
  name: "command",
  isElsewhere: true,
  async train() {
    throw new UserError("compute.target command cannot be used yet. Use target local.");
  },
});
