/** A workshop in which both engines are at work: this program, and the PyTorch engine of src/torch as a process of its own. */
import { TORCH_MODULE, torchEnvironment } from "../../../src/trainer/torch/torchProgram.ts";
import { type Outcome, type Started, Workshop } from "../training/support.ts";

/** What the package imports. */
export const TORCH_PACKAGES = ["torch", "numpy", "safetensors", "yaml", "PIL"];

export class TorchShop extends Workshop {
  /** Starts a command of the PyTorch engine. @param python interpreter with TORCH_PACKAGES */
  startTorch(python: string, args: readonly string[]): Started {
    return this.python(python, [...TORCH_MODULE, ...args]);
  }

  /** Runs a command of the PyTorch engine that has to succeed. */
  async torch(python: string, ...args: string[]): Promise<Outcome> {
    const outcome = await this.startTorch(python, args).ended;
    if (outcome.exitCode === 0) return outcome;
    throw new Error(`maskdm-torch ${args.join(" ")} ended with ${outcome.exitCode ?? outcome.signal}:\n${outcome.err}`);
  }

  /** Starts Python with the package within reach. */
  python(python: string, args: readonly string[]): Started {
    // No __pycache__ in the working tree.
    return this.launch(python, args, { ...torchEnvironment(), PYTHONDONTWRITEBYTECODE: "1" });
  }
}
