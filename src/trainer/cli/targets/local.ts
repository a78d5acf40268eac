/** `compute.target: local`: a Python of this machine trains. */
import { resolve } from "node:path";
import { UserError } from "../../../core/errors.ts";
import { torchName } from "../../../core/torch/about.ts";
import type { TorchPython } from "../../torch/findTorch.ts";
import { handOver } from "../handOver.ts";
import type { TorchTarget } from "./target.ts";

export const localTarget = ({ python, about }: TorchPython): TorchTarget => ({
  name: `${torchName(about)} (${python})`,
  isElsewhere: false,
  async train({ args, input, started }, io) {
    const [dir] = await handOver({ python, args, input, started }, io);
    if (dir === undefined) throw new UserError("The PyTorch engine did not say where its run is.", "failure");
    return resolve(dir);
  },
});
