/** Weights of other programs, ready to be written as a checkpoint: which there are, and what is known around them. */
import { UserError } from "../../core/errors.ts";
import type { TakenWeights } from "../../core/import/experimentOfImport.ts";
import { checkpointTensors, type ImportedModel, optimizerTensors } from "../../core/import/importedModel.ts";
import { type Moments, momentsOf } from "../../core/import/moments.ts";
import { type FoundNetwork, type FoundWeights, findNetworks } from "../../core/import/networks.ts";
import type { ModelShape } from "../../core/model/shape.ts";
import type { CheckpointTensors } from "../run/checkpoint.ts";
import { scheduleOfBetas } from "./scheduleOfBetas.ts";
import { openWeights, type WeightsFile } from "./weightsFile.ts";

export interface ImportedWeights extends TakenWeights {
  /** optimiser steps behind them; null: not said */
  readonly step: number | null;
  /** @throws UserError where they do not fit a network of this shape */
  load(shape: ModelShape): CheckpointTensors;
  /** of the average; null: not said */
  readonly averageUpdates: number | null;
  /** whether load() brings the optimiser's state along */
  readonly hasOptimizer: boolean;
  close(): void;
}

/**
 * @param averaged file of averaged weights, where they stand apart
 * @param classes number of classes, where the user says it
 * @throws UserError where they cannot be imported
 */
export function readWeights(path: string, averaged: string | null, classes: number | null): ImportedWeights {
  const files: WeightsFile[] = [];
  const close = (): void => {
    for (const file of files.splice(0)) file.close();
  };
  const open = (name: string): WeightsFile => {
    const file = openWeights(name);
    files.push(file);
    return file;
  };
  try {
    const file = open(path);
    const found = findNetworks(file.tensors, path);
    const apart = averaged === null ? null : findNetworks(open(averaged).tensors, averaged);
    if (apart !== null && apart.layout !== found.layout)
      throw new UserError(
        `${path} holds ${found.layout.title}, ${averaged} ${apart.layout.title}. Both have to be of one network.`,
      );
    const { raw, ema, notes } = chooseSets(found, apart);
    const model = raw.layout.read(raw.tensors, path, classes);
    const average = ema === raw ? model : ema.layout.read(ema.tensors, averaged ?? path, classes);
    const step = countUnder(file, "step", "global_step", "train_steps");
    // The order of parameters is known of the method's code alone.
    const moments = raw.layout.name === "maskdm" && found.raw !== null ? momentsOf(file, raw.tensors, step) : null;
    return {
      sources: [path, ...(averaged === null ? [] : [averaged])],
      layout: found.layout.name,
      model,
      diffusion: scheduleOfBetas(found.others, path),
      notes: [...notes, ...leftBehind(file, moments)],
      step,
      averageUpdates: countUnder(file, "ema.step"),
      hasOptimizer: moments !== null,
      load: (shape) => ({
        ...loadSets({ model, path }, { model: average, path: averaged ?? path }, shape),
        optimizer: moments === null ? [] : optimizerTensors(moments, shape, path),
      }),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function chooseSets(
  found: FoundWeights,
  apart: FoundWeights | null,
): { raw: FoundNetwork; ema: FoundNetwork; notes: string[] } {
  const of = ({ raw, averaged }: FoundWeights): FoundNetwork => (averaged ?? raw)!;
  const raw = found.raw ?? of(found);
  const ema = apart === null ? of(found) : of(apart);
  const name = ({ prefix }: FoundNetwork): string =>
    prefix === "" ? "" : ` (their names begin with ${JSON.stringify(prefix)})`;
  const what = found.raw === null ? "only the average of the weights" : "one set of weights";
  const note =
    raw === ema
      ? `there is ${what}${name(raw)}; it counts as raw and as averaged`
      : `raw weights${name(raw)} and averaged ones${name(ema)} were taken`;
  return { raw, ema, notes: [note] };
}

/** What a training needs to go on, and finetuning does not. */
function leftBehind({ tensors, plain }: WeightsFile, moments: Moments | null): string[] {
  if (moments !== null)
    return ["the optimiser's state came along: maskdm resume RUN --steps N goes on with the training"];
  const names = [...tensors.keys(), ...plain.keys()];
  const has = (start: RegExp): boolean => names.some((name) => start.test(name));
  const left = [
    ...(has(/^(opt|optimizer|optimizer_state_dict)\./) ? ["the optimiser's state"] : []),
    ...(has(/^scaler\./) ? ["the gradient scaler's state"] : []),
  ];
  return left.map((what) => `${what} was left behind: a training from these weights begins with a new one`);
}

/** The whole number that stands under the first of these names; null: there is none. */
function countUnder({ plain, tensors }: WeightsFile, ...names: readonly string[]): number | null {
  for (const name of names) {
    const value = plain.get(name) ?? scalar(tensors.get(name));
    const count = typeof value === "string" ? Number(value) : value;
    if (typeof count === "number" && Number.isSafeInteger(count) && count >= 0) return count;
  }
  return null;
}

const scalar = (tensor: { readonly shape: readonly number[]; read(): Float32Array } | undefined): number | undefined =>
  tensor?.shape.every((size) => size === 1) === true ? tensor.read()[0] : undefined;

/** Weights by the names here, and the file that they are from. */
interface NamedModel {
  readonly model: ImportedModel;
  readonly path: string;
}

function loadSets(own: NamedModel, average: NamedModel, shape: ModelShape) {
  const read = ({ model, path }: NamedModel) => checkpointTensors(model.tensors, shape, path);
  const raw = read(own);
  return { raw, ema: average.model === own.model ? raw : read(average) };
}
