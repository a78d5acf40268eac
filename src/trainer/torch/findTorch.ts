/** Finds a Python that can train. */
import { UserError } from "../../core/errors.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { isOwnNetwork } from "../../core/model/ownNetwork.ts";
import { parseJson } from "../../core/parseJson.ts";
import { type TorchAbout, torchAboutSchema } from "../../core/torch/about.ts";
import { findProgram } from "../../node/findProgram.ts";
import { mayHaveDevice } from "../../node/torch/deviceSigns.ts";
import { hasDevice, keepTorch, keptTorch, type TorchAnswer } from "../../node/torch/keptTorch.ts";
import { torchPythons } from "../../node/torch/torchFolder.ts";
import { essence, runTool } from "../tools/runTool.ts";
import { TORCH_MODULE, torchEnvironment } from "./torchProgram.ts";

/** A busy machine takes long to load PyTorch the first time. */
const GIVE_UP_MINUTES = 2;

/** A Python that can train. */
export interface TorchPython {
  readonly python: string;
  readonly about: TorchAbout;
}

export type TorchSearch =
  | ({ readonly found: true } & TorchPython)
  /** reason without a full stop; remedy in sentences */
  | { readonly found: false; readonly reason: string; readonly remedy: string };

/** Asks a Python what it can train with, and keeps what it answers; one that fails to may do so another time. @param python path of its program */
export async function askTorch(python: string, signal?: AbortSignal): Promise<TorchAnswer> {
  const answer = await queryTorch(python, signal);
  if (answer.answered) keepTorch(python, answer);
  return answer;
}

/** The same without keeping it. */
export async function queryTorch(python: string, signal = new AbortController().signal): Promise<TorchAnswer> {
  const options = { cwd: process.cwd(), env: torchEnvironment(), signal, limitMinutes: GIVE_UP_MINUTES };
  const result = await runTool(python, [...TORCH_MODULE, "--version", "--json"], options);
  if (result.ok) return read(result.stdout);
  return failed(essence(result.output).split("\n")[0] || "it ended without a word");
}

function read(stdout: string): TorchAnswer {
  const line = stdout.split("\n").find((text) => text.startsWith('{"maskdmTorch"'));
  const about = torchAboutSchema.safeParse(parseJson(line ?? ""));
  return about.success ? { answered: true, about: about.data } : failed("it does not answer");
}

const failed = (reason: string): TorchAnswer => ({ answered: false, reason });

/**
 * The first Python that can train: the one that MASKDM_PYTHON names, the one that was installed, or the PATH's. Without asking it where
 * that was done before; of what has failed before it is asked again.
 * @param ask another in tests, and where what was kept does not count
 */
export async function findTorch(ask: typeof askTorch = askFirstTime, signal?: AbortSignal): Promise<TorchSearch> {
  const commands = torchPythons();
  const pythons = commands.flatMap((command) => findProgram(command) ?? []);
  let first: Extract<TorchSearch, { found: false }> | null = null;
  for (const python of new Set(pythons)) {
    const answer = await ask(python, signal);
    if (answer.answered && answer.about.problem === null) return { found: true, python, about: answer.about };
    first ??= { found: false, ...problemOf(python, answer) };
  }
  return first ?? { found: false, ...noPython(commands) };
}

async function askFirstTime(python: string, signal?: AbortSignal): Promise<TorchAnswer> {
  const kept = keptTorch(python);
  return kept?.answered === true && kept.about.problem === null ? kept : askTorch(python, signal);
}

function problemOf(python: string, answer: TorchAnswer): { reason: string; remedy: string } {
  if (answer.answered) return answer.about.problem!;
  return {
    reason: `${python} is no Python that answers (${answer.reason.replace(/[.\s]+$/, "")})`,
    remedy: NAME_ANOTHER,
  };
}

const NAME_ANOTHER =
  "Name a Python by the setting maskdm.python or the environment variable MASKDM_PYTHON, or let `maskdm doctor --install-torch` install one with PyTorch.";

function noPython(commands: readonly string[]): { reason: string; remedy: string } {
  const named = process.env["MASKDM_PYTHON"];
  if (named)
    return { reason: `${named}, which MASKDM_PYTHON or maskdm.python names, is no program`, remedy: NAME_ANOTHER };
  return {
    reason: `there is no Python here (${commands.join(", ")})`,
    remedy: `Install Python 3.10 or later from https://www.python.org (Debian, Ubuntu: apt install python3-venv), then \`maskdm doctor --install-torch\` installs PyTorch.`,
  };
}

/**
 * The PyTorch that `engine.backend: auto` takes: one that finds a device.
 * @param isWorthAsking without a sign of a device no Python is looked for; another in tests
 */
export async function torchForAuto(isWorthAsking: () => boolean = mayHaveDevice): Promise<TorchPython | null> {
  if (!isWorthAsking()) return null;
  for (const command of torchPythons()) {
    const python = findProgram(command);
    if (python === null) continue;
    const answer = keptTorch(python) ?? (await askTorch(python));
    if (answer.answered && hasDevice(answer)) return { python, about: answer.about };
  }
  return null;
}

/** @throws UserError where there is none that can train */
export async function requireTorch(): Promise<TorchPython> {
  const search = await findTorch();
  if (search.found) return search;
  throw new UserError(`engine.backend: torch cannot be used: ${search.reason}. ${search.remedy}`, "failure");
}

/**
 * The PyTorch that draws what is measured of a run; null: this program's own engine does, which draws the same images but for rounding, and so does where a machine
 * that only measures has no PyTorch. @throws UserError where there is none and the network is one in Python
 */
export async function torchToEvaluate(experiment: Experiment): Promise<TorchPython | null> {
  if (isOwnNetwork(experiment.model.backbone)) return requireTorch();
  if (experiment.engine.backend !== "torch") return torchFor(experiment);
  const search = await findTorch();
  return search.found ? search : null;
}

/** The PyTorch that trains an experiment, or draws with it; null: this program's own engine does. @throws as requireTorch */
export async function torchFor({ engine: { backend } }: Experiment): Promise<TorchPython | null> {
  if (backend === "torch") return requireTorch();
  return backend === "auto" ? torchForAuto() : null;
}
