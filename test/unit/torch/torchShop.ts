/** A workshop in which both engines are at work: this program, and the PyTorch engine of src/torch as a process of its own. */
import { TORCH_MODULE, torchEnvironment } from "../../../src/trainer/torch/torchProgram.ts";
import { type Outcome, type Started, Workshop, writeImages } from "../training/support.ts";

/** A training that saves often, so that one which is interrupted goes on in its middle. */
export const OFTEN_SAVED = { steps: 300, batch_size: 8, lr: 2e-3, checkpoint_every: 10, sample_every: 0, log_every: 5 };

/**
 * Has the program train with a Python, and gives it images and a data home of its own.
 * @returns takes the Python away again
 */
export async function trainWith(python: string, shop: Workshop): Promise<() => void> {
  process.env["MASKDM_PYTHON"] = python;
  process.env["XDG_DATA_HOME"] = shop.path("data");
  await writeImages(shop.path("images"), { count: 21, size: 8 });
  return () => {
    delete process.env["MASKDM_PYTHON"];
    delete process.env["XDG_DATA_HOME"];
  };
}

export class TorchShop extends Workshop {
  /** Starts a command of the PyTorch engine. @param python interpreter with TRAINER_MODULES */
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
