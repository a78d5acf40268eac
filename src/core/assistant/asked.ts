/** An experiment as a caller asks about it: the file's, with some keys changed. */
import { UserError } from "../errors.ts";
import { type Diagnostic, formatDiagnostic } from "../experiment/diagnostic.ts";
import type { Override } from "../experiment/overrides.ts";
import { applyOverrides, parseExperiment } from "../experiment/parse.ts";
import type { Experiment } from "../experiment/schema.ts";
import { STUDY_FILE } from "../study/names.ts";
import { overridesOf } from "./inputs.ts";
import type { ToolHost } from "./toolHost.ts";

export interface AskedExperiment {
  /** absolute path */
  readonly file: string;
  readonly shown: string;
  /** the file's, without the changes */
  readonly text: string;
  readonly set: readonly Override[];
  readonly experiment: Experiment;
  /** of the text with the changes; none of them an error */
  readonly diagnostics: readonly Diagnostic[];
}

/** @throws UserError where the file cannot be read, has errors, or the changes lead outside */
export async function askedExperiment(
  { file: path, set: changes }: { readonly file: string; readonly set: readonly string[] },
  host: ToolHost,
): Promise<AskedExperiment> {
  const file = await host.place(path);
  const shown = host.shown(file);
  if (STUDY_FILE.test(file)) throw new UserError(`${shown} is a study. Name an experiment file (*.maskdm.yaml).`);
  const text = await host.text(file);
  if (text === null) throw new UserError(`${shown}: there is no such file. Name an experiment file (*.maskdm.yaml).`);
  const set = overridesOf(changes);
  const parsed = parseExperiment(text, set);
  if (!parsed.ok) throw withErrors(shown, parsed.diagnostics);
  await host.checkPlaces(file, set);
  const diagnostics = await host.lint(file, set.length === 0 ? text : applyOverrides(text, set));
  if (diagnostics.some(isError)) throw withErrors(shown, diagnostics);
  return { file, shown, text, set, experiment: parsed.experiment, diagnostics };
}

const isError = ({ severity }: Diagnostic): boolean => severity === "error";

function withErrors(shown: string, diagnostics: readonly Diagnostic[]): UserError {
  const lines = diagnostics.filter(isError).map((diagnostic) => formatDiagnostic(shown, diagnostic));
  return new UserError(`${shown} has errors; explain_rule explains their codes:\n${lines.join("\n")}`);
}
