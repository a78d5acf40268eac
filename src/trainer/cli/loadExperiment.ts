/** Reads an experiment file for a command that acts on it: overrides written in, errors and warnings shown. */
import { readFileSync } from "node:fs";
import { UserError } from "../../core/errors.ts";
import { formatDiagnostic } from "../../core/experiment/diagnostic.ts";
import { applyOverrides, parseExperiment } from "../../core/experiment/parse.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { type LintFacts, lintExperiment } from "../../core/lint/lint.ts";
import { usableMemory } from "../../node/machine.ts";
import { CommandExit } from "./errors.ts";
import type { Io } from "./io.ts";
import type { SetOption } from "./options.ts";

export interface LoadedExperiment {
  readonly file: string;
  readonly experiment: Experiment;
  /** the file's text, overrides written in */
  readonly text: string;
}

/** A file's text. @throws UserError where it cannot be read */
export function readExperimentFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new UserError(`${file}: there is no such file. Make one with: maskdm new DIR`);
    if (code === "EISDIR") throw new UserError(`${file} is a folder. Name an experiment file (*.maskdm.yaml).`);
    throw error;
  }
}

/**
 * Parses and lints; findings go to stderr.
 * @throws CommandExit with code 2 where there are errors
 */
export function loadExperiment(file: string, set: readonly SetOption[], facts: LintFacts, io: Io): LoadedExperiment {
  return checkExperiment(file, readExperimentFile(file), set, facts, io);
}

/** The same for a text that is already read. */
export function checkExperiment(
  file: string,
  original: string,
  set: readonly SetOption[],
  facts: LintFacts,
  io: Io,
): LoadedExperiment {
  const parsed = parseExperiment(original, set);
  if (!parsed.ok) {
    for (const diagnostic of parsed.diagnostics) io.stderr(formatDiagnostic(file, diagnostic));
    throw new CommandExit(2);
  }
  const text = set.length > 0 ? applyOverrides(original, set) : original;
  const findings = lintExperiment(text, facts).filter(({ severity }) => severity !== "info");
  for (const diagnostic of findings) io.stderr(formatDiagnostic(file, diagnostic));
  if (findings.some(({ severity }) => severity === "error")) throw new CommandExit(2);
  return { file, experiment: parsed.experiment, text };
}

/**
 * What lint wants to know of the images of a text with overrides; nothing where it has errors, which are told without. Not what is
 * left out: who opens the images says that, also where lint had no time to look at all of them.
 */
export async function imageFactsOf(
  original: string,
  set: readonly SetOption[],
  folder: string,
): Promise<Pick<LintFacts, "dataset">> {
  const parsed = parseExperiment(original, set);
  if (!parsed.ok) return {};
  const { imageFacts } = await import("../../node/facts/experimentFacts.ts");
  const { dataset } = await imageFacts(parsed.experiment.data.path, parsed.experiment.data.ignore, folder);
  if (dataset === undefined) return {};
  const { leftOut, ...facts } = dataset;
  return { dataset: facts };
}

/** What lint wants to know of the machine before a training: whether `auto` takes PyTorch is found out where it was not before. */
export async function trainingMachine(
  original: string,
  set: readonly SetOption[],
): Promise<Pick<LintFacts, "memoryBytes" | "autoTakesTorch">> {
  const parsed = parseExperiment(original, set);
  const isAuto = parsed.ok && parsed.experiment.engine.backend === "auto";
  const { torchForAuto } = await import("../torch/findTorch.ts");
  return { memoryBytes: usableMemory(), autoTakesTorch: isAuto && (await torchForAuto()) !== null };
}
