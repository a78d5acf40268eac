/** The command line `maskdm`: its commands, and how a run of it ends. */
import { Command } from "commander";
import packageJson from "../../../package.json" with { type: "json" };
import * as bench from "./bench.ts";
import * as dataServer from "./dataServer.ts";
import * as demo from "./demo.ts";
import * as doctor from "./doctor.ts";
import { type ExitCode, reportError } from "./errors.ts";
import * as evaluate from "./evaluate.ts";
import * as exportCommand from "./export.ts";
import * as finetune from "./finetune.ts";
import * as forecast from "./forecast.ts";
import * as importCommand from "./import.ts";
import type { Io } from "./io.ts";
import * as lint from "./lint.ts";
import * as mcp from "./mcp.ts";
import * as newExperiment from "./new.ts";
import { addExamples } from "./options.ts";
import * as pretrain from "./pretrain.ts";
import * as preview from "./preview.ts";
import * as queue from "./queue.ts";
import * as resume from "./resume.ts";
import * as runs from "./runs.ts";
import * as sample from "./sample.ts";
import * as schema from "./schema.ts";
import * as stop from "./stop.ts";
import * as study from "./study/study.ts";
import * as toy from "./toy.ts";

/** A file of src/trainer/cli. Heavy modules are imported inside its action, so that `maskdm --help` stays quick. */
export interface CommandFile {
  readonly register: (program: Command, io: Io) => void;
}

/** In the order of the help text. */
export const COMMANDS: readonly CommandFile[] = [
  newExperiment,
  importCommand,
  lint,
  preview,
  forecast,
  pretrain,
  finetune,
  resume,
  sample,
  evaluate,
  exportCommand,
  runs,
  queue,
  stop,
  study,
  bench,
  doctor,
  mcp,
  demo,
  toy,
  dataServer,
  schema,
];

/** The program with all its commands; it throws a CommanderError where commander would end the process. */
export function buildProgram(io: Io, commands: readonly CommandFile[] = COMMANDS): Command {
  const program = new Command("maskdm")
    .description("Train masked diffusion models: pretrain on masked images, finetune on whole ones, sample.")
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout(text), writeErr: (text) => io.stderr(text) })
    .showHelpAfterError("(--help shows the options, and examples)");
  addExamples(program, [
    ["maskdm new faces --data ~/pictures/faces", "write an experiment file that suits a folder of images"],
    ["maskdm pretrain faces/faces.maskdm.yaml", "train on masked images"],
    ["maskdm pretrain --help", "the options of a command, and examples"],
  ]);
  for (const command of commands) command.register(program, io);
  return program;
}

/**
 * Runs one command line and returns the exit code; never throws.
 * @param argv what follows the program's name
 */
export async function runCommandLine(
  argv: readonly string[],
  io: Io,
  commands: readonly CommandFile[] = COMMANDS,
): Promise<ExitCode> {
  const debug = process.env["MASKDM_DEBUG"] === "1";
  try {
    await buildProgram(io, commands).parseAsync(argv, { from: "user" });
    return 0;
  } catch (error) {
    return reportError(error, io, debug);
  }
}
