/** A network of another program as one of this one: the keys that build it, and its tensors under the names here. */
import { UserError } from "../errors.ts";
import type { Experiment } from "../experiment/schema.ts";
import { backboneOf, parameterSpecs } from "../model/backbones.ts";
import { requireFit } from "../model/requireFit.ts";
import { type ModelShape, mlpWidth } from "../model/shape.ts";
import { asNamed, type StoredTensor } from "../model/storedTensor.ts";
import type { NamedTensor } from "../model/tensor.ts";
import type { Moments } from "./moments.ts";

type Tensors = ReadonlyMap<string, StoredTensor>;

const INCOMPLETE = "It is none of the published networks, or an incomplete one, or --set asks for another";

/** What tensors say of an experiment. Heads leave no trace in them. */
export interface ImportedKeys {
  readonly data: Pick<Experiment["data"], "image_size" | "channels">;
  readonly model: Partial<Experiment["model"]> &
    Pick<Experiment["model"], "backbone" | "patch_size" | "embed_dim" | "depth">;
}

export interface ImportedModel extends ImportedKeys {
  /** by the names here; constants may be among them */
  readonly tensors: Tensors;
  /** what is otherwise there than here, for people */
  readonly notes: readonly string[];
}

/** Heads of the published sizes: 64 numbers each, and 72 in DiT-XL. */
export function usualHeads(embedDim: number): number {
  if (embedDim === 1152) return 16;
  return embedDim % 64 === 0 ? embedDim / 64 : 1;
}

/** [D, C, p, p] of a patch embedding. @throws UserError where it is no such weight, or of other channels than there are here */
export function patchSizes(tensors: Tensors, name: string, source: string): { D: number; C: 1 | 3; p: number } {
  const shape = shapeOf(tensors, name, source);
  const [D = 0, C = 0, p = 0, q = 0] = shape;
  if (shape.length !== 4 || p !== q)
    throw new UserError(`${source}: ${name} has the shape [${shape}]; patches are squares here.`);
  if (C === 1 || C === 3) return { D, C, p };
  const why =
    C === 4
      ? "it draws what an autoencoder makes of images (latents), and no autoencoder is here"
      : C === 12
        ? "it draws wavelets of images, which are not here"
        : "images have 1 or 3 here";
  throw new UserError(`${source} is a network of ${C} channels: ${why}. It cannot be imported.`);
}

export function shapeOf(tensors: Tensors, name: string, source: string): readonly number[] {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new UserError(`${source} is no whole network: ${name} is missing.`);
  return tensor.shape;
}

/** Side of the image from the number of patches. @throws UserError where it is no square */
export function imageSide(patches: number, p: number, source: string): number {
  const side = Math.sqrt(patches);
  if (!Number.isInteger(side) || side === 0)
    throw new UserError(
      `${source} has positions of ${patches} patches, which make no square. Only square images are drawn here.`,
    );
  return side * p;
}

/** 1 + the largest number behind a prefix. */
export function countBlocks(tensors: Tensors, prefix: string): number {
  let count = 0;
  for (const name of tensors.keys()) {
    const digits = name.startsWith(prefix) ? /^\d{1,4}(?=\.)/.exec(name.slice(prefix.length))?.[0] : undefined;
    if (digits !== undefined) count = Math.max(count, Number(digits) + 1);
  }
  return count;
}

/** What follows attention, and how wide it is. @param block name of a block, with its dot */
export function mlpKeys(
  tensors: Tensors,
  block: string,
  embedDim: number,
  source: string,
): Pick<Experiment["model"], "mlp" | "mlp_ratio"> {
  const mlp = tensors.has(`${block}mlp.w12.weight`) ? "swiglu" : "gelu";
  const width =
    mlp === "gelu"
      ? shapeOf(tensors, `${block}mlp.fc1.weight`, source)[0]!
      : shapeOf(tensors, `${block}mlp.w3.weight`, source)[1]!;
  const plain = mlp === "gelu" ? width : 1.5 * width;
  const candidates = [4, plain / embedDim, (plain + 0.5) / embedDim, (plain - 8) / embedDim];
  const ratio = candidates.find((mlpRatio) => mlpWidth({ embedDim, mlpRatio, mlp }) === width);
  if (ratio === undefined)
    throw new UserError(`${source}: an MLP of ${width} numbers does not fit a width of ${embedDim}.`);
  return { mlp, mlp_ratio: ratio };
}

/** Choices that names of tensors tell. @param block name of a block, with its dot */
export const normKeys = (tensors: Tensors, block: string): Pick<Experiment["model"], "qk_norm"> => ({
  qk_norm: tensors.has(`${block}attn.q_norm.weight`) ? "rms" : "none",
});

/**
 * The tensors of a checkpoint here, read.
 * @param shape the experiment's
 * @throws UserError where they are not those of the network
 */
export function checkpointTensors(tensors: Tensors, shape: ModelShape, source: string): NamedTensor[] {
  const given = new Map([...tensors].map(([name, tensor]) => [name, asNamed(name, tensor)]));
  const own = parameterSpecs(shape);
  const constants = backboneOf(shape).constants(shape);
  const values = constants.map(({ name, shape, values }) => ({ name, shape, data: values() }));
  requireFit(given, own, values, source, INCOMPLETE);
  const kept = constants
    .filter(({ inCheckpoints }) => inCheckpoints)
    .map(({ name }) => values.find((value) => value.name === name)!);
  return [...own.map(({ name }) => given.get(name)!), ...kept];
}

/** The optimiser's tensors of a checkpoint here, read. @throws as checkpointTensors */
export function optimizerTensors({ first, second }: Moments, shape: ModelShape, source: string): NamedTensor[] {
  const sets = [
    ["exp_avg.", first],
    ["exp_avg_sq.", second],
  ] as const;
  return sets.flatMap(([prefix, moments]) => {
    const given = new Map([...moments].map(([name, tensor]) => [prefix + name, asNamed(prefix + name, tensor)]));
    const own = parameterSpecs(shape).map(({ name, shape }) => ({ name: prefix + name, shape }));
    requireFit(given, own, [], source, INCOMPLETE);
    return own.map(({ name }) => given.get(name)!);
  });
}
