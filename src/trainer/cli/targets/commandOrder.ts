/** What `compute.target: command` takes elsewhere: a folder beside the runs, with a script and all that it needs but Python itself. */
import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { findProgram } from "../../../node/findProgram.ts";
import { asDiskError } from "../../../node/run/diskError.ts";
import { namesIn, removeFolder, removeQuietly } from "../../../node/run/files.ts";
import { GrowingText } from "../../../node/run/newBytes.ts";
import { torchPythons } from "../../../node/torch/torchFolder.ts";
import { torchPackage } from "../../torch/torchProgram.ts";
import { trainingScript } from "./commandScript.ts";

/** Name of an order's folder; with a dot in front: in removal. */
const ORDER = /^(\.?)(.+)\.[0-9a-f]{8}(?:\.trash-\d+)?$/;

const ordersBeside = (runDir: string): string => join(dirname(runDir), ".orders");

/**
 * An order is in force as long as its folder is there: a script whose folder is gone, such as one that waited in the queue of a batch system while
 * the training was ordered anew, does nothing. So no training is begun twice.
 */
export class CommandOrder {
  private readonly output: GrowingText;

  private constructor(readonly folder: string) {
    this.output = new GrowingText(join(folder, "output.txt"));
  }

  /**
   * Places an order; an earlier one for the same run is given up.
   * @param args of maskdm-torch, with absolute paths
   * @param input the experiment that `--experiment-text -` asks for; null: it asks for none
   * @throws UserError if the disk refuses
   */
  static place(runDir: string, args: readonly string[], input: string | null): CommandOrder {
    const run = basename(runDir);
    const folder = join(ordersBeside(runDir), `${run}.${randomBytes(4).toString("hex")}`);
    try {
      CommandOrder.withdrawAll(runDir);
      mkdirSync(folder, { recursive: true });
      cpSync(join(torchPackage(), "maskdm_torch"), join(folder, "maskdm_torch"), {
        recursive: true,
        filter: (path) => basename(path) !== "__pycache__",
      });
      const experiment = join(folder, "experiment.maskdm.yaml");
      if (input !== null) writeFileSync(experiment, input);
      const asked = args.map((arg, at) => (args[at - 1] === "--experiment-text" && arg === "-" ? experiment : arg));
      const [python = "python3"] = torchPythons();
      const order = new CommandOrder(folder);
      const training = { run, folder, python: findProgram(python) ?? python, args: asked };
      writeFileSync(order.script, trainingScript(training), { mode: 0o755 });
      return order;
    } catch (error) {
      throw asDiskError(error, { path: folder });
    }
  }

  /** Gives up the orders for a run. */
  static withdrawAll(runDir: string): void {
    const run = basename(runDir);
    for (const name of namesIn(ordersBeside(runDir))) {
      const [, hidden, of] = ORDER.exec(name) ?? [];
      const folder = join(ordersBeside(runDir), name);
      if (of === run && hidden === "") new CommandOrder(folder).withdraw();
      else if (of === run) removeQuietly(folder);
    }
  }

  get script(): string {
    return join(this.folder, "train.sh");
  }

  get isInForce(): boolean {
    return existsSync(this.folder);
  }

  /** Whether the script was started anywhere. */
  get hasBegun(): boolean {
    return existsSync(join(this.folder, "begun"));
  }

  /** With what the script has ended; null: it has not, or is to be started again. */
  get exitCode(): number | null {
    try {
      return Number(readFileSync(join(this.folder, "ended"), "utf8"));
    } catch {
      return null;
    }
  }

  /** What the training has said since this was last asked. */
  newOutput(): string {
    try {
      return this.output.next();
    } catch {
      return ""; // the disk is away for a moment
    }
  }

  /** Its job may be at its end and still write into the folder. */
  withdraw(): void {
    try {
      removeFolder(this.folder);
    } catch (error) {
      throw asDiskError(error, { path: this.folder });
    }
  }
}
