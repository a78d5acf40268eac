/** `maskdm import FILE…`: configurations and weights of published code, as an experiment and a run. */
import { type Command, Option } from "commander";
import type { Stage } from "../../core/random/streams.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import type { Io } from "./io.ts";
import { addExamples, collectSetOption, parseNonNegativeInteger, runsDirOption, type SetOption } from "./options.ts";

interface ImportOptions {
  readonly averaged?: string;
  readonly data?: string;
  readonly name?: string;
  readonly into: string;
  readonly run?: string;
  readonly runsDir: string;
  readonly stage?: Stage;
  readonly step?: number;
  readonly set: readonly SetOption[];
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command("import")
    .description("Make an experiment, and of weights a run, of files of the method's published code, U-ViT or DiT.")
    .argument("<file...>", "configurations (*.yml) and a file of weights (*.pt, *.pth, *.safetensors)")
    .option("--averaged <file>", "averaged weights, where they have a file of their own")
    .option("--data <path>", "folder of images (default: what the configuration says)")
    .option("--name <name>", "name of the experiment file, without .maskdm.yaml (default: that of the weights)")
    .option("--into <dir>", "folder for the experiment file", ".")
    .addOption(new Option("--stage <name>", "what the weights were trained in").choices(["pretrain", "finetune"]))
    .option("--step <n>", "optimiser steps behind the weights, where the file does not say", parseNonNegativeInteger)
    .option("--run <name>", "name of the run's folder (made from the stage and the date when left out)")
    .addOption(runsDirOption())
    .option("--set <key=value>", "set a key of the experiment; may be repeated", collectSetOption, [])
    .option("--json", "print the paths, and what is to be known, as JSON")
    .action(async (files: string[], options: ImportOptions) => {
      const [{ importFiles }, { shortPath }] = await Promise.all([
        import("../import/importFiles.ts"),
        import("./shortPath.ts"),
      ]);
      const result = await importFiles({ ...options, files, command: ["maskdm", ...process.argv.slice(2)] });
      if (options.json === true) return io.json(result);
      for (const note of result.notes) io.stderr(`note: ${note}`);
      io.stdout(result.experiment);
      if (result.run === null) {
        io.stderr(`Next: ${maskdmCommand("lint", result.experiment)}`);
        return;
      }
      const run = shortPath(result.run);
      io.stdout(run);
      io.stderr(`Next: ${maskdmCommand("sample", run)}`);
      io.stderr(`  or: ${maskdmCommand("finetune", result.experiment, "--from", run)}`);
    });
  addExamples(command, [
    [
      "maskdm import configs/celebahq_base_90p.yml",
      "write celebahq_base_90p.maskdm.yaml; what has no key here is named in it",
    ],
    ["maskdm import celebahq_base_90p.yml celebahq_base.yml --name celebahq", "one experiment of both stages"],
    [
      "maskdm import model-20.pt celebahq_base_90p.yml",
      "the experiment, and a run of the weights to sample or finetune from",
    ],
    ["maskdm import nnet.pth --averaged nnet_ema.pth --step 500000", "weights of a U-ViT"],
  ]);
}
