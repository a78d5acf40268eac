/** A workshop in which both engines are at work: this program, and the PyTorch engine of src/torch as a process of its own. */
import { join } from "node:path";
import { type Outcome, type Started, Workshop } from "../training/support.ts";

const PACKAGE = join(import.meta.dirname, "../../../src/torch");
const COMMAND = "import sys; from maskdm_torch.cli import main; sys.exit(main())";

/** What the package imports. */
export const TORCH_PACKAGES = ["torch", "numpy", "safetensors", "yaml", "PIL"];

export class TorchShop extends Workshop {
  /** Starts a command of the PyTorch engine. @param python interpreter with TORCH_PACKAGES */
  startTorch(python: string, args: readonly string[]): Started {
    return this.script(python, COMMAND, args);
  }

  /** Runs a command of the PyTorch engine that has to succeed. */
  async torch(python: string, ...args: string[]): Promise<Outcome> {
    const outcome = await this.startTorch(python, args).ended;
    if (outcome.exitCode === 0) return outcome;
    throw new Error(`maskdm-torch ${args.join(" ")} ended with ${outcome.exitCode ?? outcome.signal}:\n${outcome.err}`);
  }

  /** Starts Python with the package within reach. */
  script(python: string, program: string, args: readonly string[]): Started {
    // No __pycache__ in the working tree; no progress lost in a buffer.
    const env = { PYTHONPATH: PACKAGE, PYTHONDONTWRITEBYTECODE: "1", PYTHONUNBUFFERED: "1" };
    return this.launch(python, ["-c", program, ...args], env);
  }
}
