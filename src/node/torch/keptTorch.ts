/**
 * What was found out about Pythons: asking one takes as long as PyTorch takes to load. It is kept in a file of the user's, until the
 * Python, what is installed into it, or the driver changes.
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import packageJson from "../../../package.json" with { type: "json" };
import { type TorchAbout, torchAboutSchema } from "../../core/torch/about.ts";
import { findProgram } from "../findProgram.ts";
import { readKeptList } from "../keptList.ts";
import { replaceJson } from "../run/files.ts";
import { type Surroundings, thisSurroundings, userFolder } from "../userFolder.ts";
import { driverStamp, mayHaveDevice } from "./deviceSigns.ts";
import { torchPythons } from "./torchFolder.ts";

const MOST_KEPT = 16;

/** What a Python answered, or why it did not. */
export type TorchAnswer =
  | { readonly answered: true; readonly about: TorchAbout }
  | { readonly answered: false; readonly reason: string };

const answerSchema = z.discriminatedUnion("answered", [
  z.object({ answered: z.literal(true), about: torchAboutSchema }),
  z.object({ answered: z.literal(false), reason: z.string() }),
]);
const keptSchema = z.object({
  key: z.string(),
  answer: answerSchema,
  /** times of change by path, in milliseconds since 1970 */
  stamps: z.record(z.string(), z.number().nullable()),
});
type Kept = z.output<typeof keptSchema>;
const listSchema = z
  .object({ formatVersion: z.literal(1), pythons: z.array(z.unknown()) })
  .transform(({ pythons }) => pythons);

const keptFile = (at: Surroundings): string => join(userFolder("torch", at), "pythons.json");

/** Version managers' stand-ins choose a Python by the folder they are started in. */
const isShim = (python: string): boolean => /[/\\]shims[/\\]/.test(python);

/** What an answer depends on, besides files that change. */
const keyOf = (python: string, at: Surroundings): string =>
  JSON.stringify([
    ...[python, isShim(python) ? process.cwd() : "", packageJson.version],
    ...[at.env["CUDA_VISIBLE_DEVICES"] ?? "", at.env["PYTHONPATH"] ?? "", driverStamp(at)],
  ]);

/** null: there is nothing, or nothing that this user may look at */
function changedAt(path: string): number | null {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return null;
  }
}

/** @param python path of a program. @returns null: it was not asked, or something has changed since */
export function keptTorch(python: string, at: Surroundings = thisSurroundings()): TorchAnswer | null {
  const key = keyOf(python, at);
  const found = readKept(keptFile(at)).find((kept) => kept.key === key);
  const isCurrent = found !== undefined && Object.entries(found.stamps).every(([path, at]) => changedAt(path) === at);
  return isCurrent ? found.answer : null;
}

/** Keeps what a Python answered. Where that is not allowed it is asked every time. */
export function keepTorch(python: string, answer: TorchAnswer, at: Surroundings = thisSurroundings()): void {
  const file = keptFile(at);
  const key = keyOf(python, at);
  const paths = answer.answered ? [python, answer.about.executable, ...answer.about.sitePackages] : [python];
  const stamps = Object.fromEntries(paths.map((path) => [path, changedAt(path)]));
  const others = readKept(file).filter((kept) => kept.key !== key);
  try {
    mkdirSync(dirname(file), { recursive: true });
    replaceJson(file, { formatVersion: 1, pythons: [{ key, answer, stamps }, ...others].slice(0, MOST_KEPT) }, false);
  } catch {
    // Nothing depends on it but time.
  }
}

const readKept = (file: string): Kept[] => readKeptList(file, listSchema, keptSchema);

/** Whether `engine.backend: auto` takes PyTorch on this machine, by what was found out before: no Python is asked. */
export function autoTakesTorch(at: Surroundings = thisSurroundings()): boolean {
  if (!mayHaveDevice(at)) return false;
  return torchPythons(at).some((command) => {
    const python = findProgram(command, at.env, at.platform);
    return python !== null && hasDevice(keptTorch(python, at));
  });
}

/** Whether a Python can train on a device. */
export const hasDevice = (answer: TorchAnswer | null): boolean =>
  answer?.answered === true && answer.about.problem === null && answer.about.devices.length > 0;
