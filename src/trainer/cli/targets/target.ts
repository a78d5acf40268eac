/** Where the PyTorch engine trains, `compute.target`: what runs its command lines, a file each in this folder. */
import type { ProcessIdentity } from "../../../core/run/liveness.ts";
import type { Io } from "../io.ts";

/** One command line of maskdm-torch that trains, and what is known of its run. */
export interface TorchOrder {
  /** the command and its arguments; where the target is elsewhere, all paths in them are absolute */
  readonly args: readonly string[];
  /** what it reads from its standard input, which `--experiment-text -` asks for; null: nothing */
  readonly input: string | null;
  /** absolute folder of the run, there or to be made; null: a new run whose name the command chooses, which only a local one does */
  readonly runDir: string | null;
  /** told of the process that writes the run, for the queue; again where another takes its place */
  readonly started?: ((process: ProcessIdentity) => void) | undefined;
}

export interface TorchTarget {
  /** for people, such as "PyTorch 2.13.0 on the processor (/usr/bin/python3)" */
  readonly name: string;
  /** whether the command is read on another machine, or by something that starts in another folder */
  readonly isElsewhere: boolean;
  /**
   * Runs the command to its end; what it says goes where this program prints. Signals that ask this process to end let the run finish its
   * step, save and end; a second one ends it at once.
   * @returns the run's folder
   * @throws CommandExit with the command's exit code where that is not 0; UserError where it cannot be run
   */
  train(order: TorchOrder, io: Io): Promise<string>;
}
