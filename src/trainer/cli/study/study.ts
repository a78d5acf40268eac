/** `maskdm study`: an experiment, what varies in it, and the answer. */
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { addExamples } from "../options.ts";
import * as exportStudy from "./export.ts";
import * as report from "./report.ts";
import * as run from "./run.ts";
import * as status from "./status.ts";
import * as stop from "./stop.ts";
import * as work from "./work.ts";

/** A file of src/trainer/cli/study. */
export interface StudyCommandFile {
  readonly register: (study: Command, io: Io) => void;
}

/** In the order of the help text. */
const COMMANDS: readonly StudyCommandFile[] = [run, status, stop, report, exportStudy, work];

export function register(program: Command, io: Io): void {
  const study = program
    .command("study")
    .description("Train every combination of some values, each with several seeds, and compare them.");
  for (const command of COMMANDS) command.register(study, io);
  addExamples(study, [
    ["maskdm study run blocks.maskstudy.yaml --dry-run", "what it comes to: cells, trainings, time, disk"],
    ["maskdm study run blocks.maskstudy.yaml", "start it, or go on with it; it goes on when the terminal is closed"],
    ["maskdm study status blocks.maskstudy.yaml", "where its cells stand, and the results so far"],
    ["maskdm study report blocks.maskstudy.yaml", "what it says so far, as one file to read and send"],
    ["maskdm study stop blocks", "by its name, once it was started"],
  ]);
}
