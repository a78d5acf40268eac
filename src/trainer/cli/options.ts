/** Options that several commands share, and the parsers of their values. A bad value is a usage error (exit code 2). */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Override } from "../../core/experiment/overrides.ts";
import { parseOverride } from "../../core/experiment/parseOverride.ts";
import type { ProcessIdentity } from "../../core/run/liveness.ts";

/** One `--set path=value`. */
export type SetOption = Override;

/** A whole number of at least 1. */
export function parsePositiveInteger(text: string): number {
  const value = parseNonNegativeInteger(text);
  if (value < 1) throw new InvalidArgumentError("It must be at least 1.");
  return value;
}

/** A whole number of at least 0. */
export function parseNonNegativeInteger(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError("A whole number is needed.");
  return value;
}

/** A number in [0, 1]. */
export function parseShare(text: string): number {
  const value = parseNumber(text);
  if (value < 0 || value > 1) throw new InvalidArgumentError("A number from 0 to 1 is needed.");
  return value;
}

export function parseNonNegativeNumber(text: string): number {
  const value = parseNumber(text);
  if (value < 0) throw new InvalidArgumentError("A number that is at least 0 is needed.");
  return value;
}

/** Mask rates, comma-separated, each in [0, 1). */
export function parseMaskRates(text: string): number[] {
  return text.split(",").map((part) => {
    const rate = parseNumber(part.trim());
    if (rate < 0 || rate >= 1) throw new InvalidArgumentError("Each rate must be at least 0 and below 1.");
    return rate;
  });
}

/** Whole numbers of at least 1, comma-separated. */
export function parsePositiveIntegers(text: string): number[] {
  return text.split(",").map((part) => parsePositiveInteger(part.trim()));
}

/** Collects repeated `--set path=value`. */
export function collectSetOption(text: string, previous: readonly SetOption[] = []): SetOption[] {
  const override = parseOverride(text);
  if (override === null) throw new InvalidArgumentError("It must read key=value, such as pretrain.steps=1000.");
  return [...previous, override];
}

/** What pretrain, finetune and resume have in common. */
export interface RunOptions {
  readonly run?: string;
  readonly runsDir: string;
  readonly steps?: number;
  /** step at which it pauses */
  readonly until?: number | undefined;
  /** that it is put into */
  readonly group?: string | undefined;
  /** what lists call it */
  readonly name?: string | undefined;
  readonly set: readonly SetOption[];
  /** told of the process that trains, where that is another one than this */
  readonly started?: ((process: ProcessIdentity) => void) | undefined;
}

/** Folder that holds the run folders, relative to where the command is started. */
export const DEFAULT_RUNS_DIR = "runs";

/** `--runs-dir DIR` */
export function runsDirOption(): Option {
  return new Option("--runs-dir <dir>", "folder that holds the runs").default(DEFAULT_RUNS_DIR);
}

/** Adds `--run`, `--runs-dir`, `--steps` and `--set` to a command that trains. */
export function addRunOptions(command: Command): Command {
  return command
    .option("--run <name>", "name of the run's folder (made from the stage and the time when left out)")
    .addOption(runsDirOption())
    .option("--steps <n>", "stop after this many optimiser steps, whatever the file says", parsePositiveInteger)
    .option("--set <key=value>", "override a key of the experiment; may be repeated", collectSetOption, []);
}

/** Appends to a training command's help how a run ends, and how it is left at work. @param queued the command that queues such a run */
export function addEndings(command: Command, queued: string): Command {
  return command.addHelpText(
    "after",
    `
Ctrl+C, and closing the terminal, let the run finish its step, save and end; a second Ctrl+C ends it at once. To leave
it at work when the terminal is closed, queue it: ${queued}`,
  );
}

/** Appends worked examples to a command's help text: pairs of a command line and what it does. */
export function addExamples(command: Command, examples: readonly (readonly [line: string, effect: string])[]): Command {
  const text = examples.map(([line, effect]) => `  # ${effect}\n  $ ${line}`).join("\n");
  return command.addHelpText("after", `\nExamples:\n${text}`);
}

function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("A number is needed.");
  return value;
}
