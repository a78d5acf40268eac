/** The network of a run that is exported, and the folder that it goes to. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import { drawnClasses } from "../../core/classes/drawnClasses.ts";
import { UserError } from "../../core/errors.ts";
import { isOwnNetwork } from "../../core/model/ownNetwork.ts";
import { checkpointName } from "../../core/run/checkpointState.ts";
import { listCheckpoints } from "../../node/run/checkpoints.ts";
import { asDiskError } from "../../node/run/diskError.ts";
import { namesIn, replaceFile } from "../../node/run/files.ts";
import { resolveRun } from "../../node/run/resolve.ts";
import { checkpointsFolder } from "../../node/run/runFiles.ts";
import { findNetwork, type RunNetwork } from "../../node/run/runNetwork.ts";
import { readSafetensors, writeSafetensors } from "../run/safetensors.ts";

export interface NetworkToExport {
  /** run folder or id, or a checkpoint folder in a run */
  readonly source: string;
  readonly runsDir: string;
  /** of the checkpoint; undefined: the newest */
  readonly step: number | undefined;
  /** undefined: those that the experiment draws with */
  readonly weights: "ema" | "raw" | undefined;
  readonly note: (line: string) => void;
}

/** @throws UserError where there is no such run or checkpoint, or its network is not one of this program's */
export function networkToExport({ source, runsDir, step, weights, note }: NetworkToExport): RunNetwork {
  const overrides = weights === undefined ? [] : [{ path: "sample.weights", value: weights }];
  const network = findNetwork({
    source: step === undefined ? source : checkpointOf(source, runsDir, step),
    runsDir,
    overrides,
    note,
  });
  const { backbone } = network.experiment.model;
  if (isOwnNetwork(backbone)) {
    throw new UserError(
      `model.backbone ${backbone} is a network of your own: only your module can build it. Load ${network.file} with it, as docs/own-network.md shows.`,
    );
  }
  return network;
}

function checkpointOf(source: string, runsDir: string, step: number): string {
  const runDir = resolveRun(source, [runsDir]);
  const { whole } = listCheckpoints(runDir);
  if (whole.some((checkpoint) => checkpoint.step === step))
    return join(checkpointsFolder(runDir), checkpointName(step));
  const steps = whole.map((checkpoint) => checkpoint.step).join(", ");
  throw new UserError(
    `${runDir} has no whole checkpoint of step ${step}. ${steps === "" ? "It has none at all." : `Take one of ${steps}.`}`,
  );
}

/** Numbers of the classes that are drawn; null: all take turns, or there are none. */
export const drawnNumbers = ({ experiment, classes }: RunNetwork): readonly number[] | null =>
  drawnClasses(experiment, classes);

/** `finetune step 4000 of 2026-11-22-emoji-finetune-01, ema weights` */
export const originOf = ({ weights: { run, stage, step, weights } }: RunNetwork): string =>
  `${stage} step ${step} of ${run}, ${weights} weights`;

export const EXPORTED_BY = `maskdm ${packageJson.version}`;

const README = "README.md";
/** In every README that is written here, by which a folder is known again. */
const MARK = "`maskdm export`";

/** A README: a heading, what it is from, and how it is used. */
export const readmeText = (network: RunNetwork, use: string): string =>
  `# ${network.weights.run}\n\nWritten by ${MARK} (${EXPORTED_BY}): ${originOf(network)}.\n\n${use}`;

/**
 * Writes files into a folder that is new, empty, or of an earlier export.
 * @param texts by path in the folder
 * @throws UserError where it holds something else, or the disk refuses
 */
export function writeTexts(folder: string, texts: Readonly<Record<string, string>>): void {
  const readme = join(folder, README);
  if (namesIn(folder).length > 0 && !(existsSync(readme) && readFileSync(readme, "utf8").includes(MARK))) {
    throw new UserError(`${folder} holds files that are of no export, and is left as it is. Name another folder.`);
  }
  for (const [path, text] of Object.entries(texts)) {
    const file = join(folder, path);
    try {
      mkdirSync(dirname(file), { recursive: true });
    } catch (error) {
      throw asDiskError(error, { path: file });
    }
    replaceFile(file, text, false);
  }
}

export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** @param prefix of the names of tensors there */
export function writeWeights({ file }: RunNetwork, to: string, prefix: string): void {
  const tensors = [...readSafetensors(file).tensors.values()].map((tensor) => ({
    ...tensor,
    name: `${prefix}${tensor.name}`,
  }));
  writeSafetensors(to, tensors, { format: "pt" });
}
