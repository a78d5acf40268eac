/** Which networks a file of weights holds: published layouts are known by a name, wrappers and averages by what stands before it. */
import { UserError } from "../errors.ts";
import type { StoredTensor } from "../model/storedTensor.ts";
import type { Layout } from "./layout.ts";
import { LAYOUTS } from "./layouts.ts";

export type Tensors = ReadonlyMap<string, StoredTensor>;

/** A network in a file. */
export interface FoundNetwork {
  readonly layout: Layout;
  /** what stands before all its names, such as "ema.ema_model.model." */
  readonly prefix: string;
  /** by their names without it */
  readonly tensors: Tensors;
}

/** The weights of a file; one of both may be all there is. */
export interface FoundWeights {
  readonly layout: Layout;
  readonly raw: FoundNetwork | null;
  readonly averaged: FoundNetwork | null;
  /** tensors beside the networks, such as the noise schedule */
  readonly others: Tensors;
}

/** @throws UserError where there is no known network, or where it is not clear which is meant */
export function findNetworks(tensors: Tensors, source: string): FoundWeights {
  const found = LAYOUTS.flatMap((layout) => underPrefixes(tensors, layout));
  const [first] = found;
  if (first === undefined) throw unknownLayout(tensors, source);
  const { layout } = first;
  const other = found.find((network) => network.layout !== layout);
  if (other !== undefined)
    throw new UserError(
      `${source} holds networks of two kinds, ${layout.title} and ${other.layout.title}. Save them as files of their own.`,
    );
  const averaged = found.filter(({ prefix }) => isAveraged(prefix));
  // The average brings along a second copy of the network that it follows.
  const raw = found.filter(({ prefix }) => !isAveraged(prefix));
  const own = raw.filter(({ prefix }) => !/\bonline_model\b/.test(prefix));
  const others = new Map(
    [...tensors].filter(([name]) => !found.some(({ prefix }) => prefix !== "" && name.startsWith(prefix))),
  );
  return {
    layout,
    raw: only(own.length > 0 ? own : raw, "networks", source),
    averaged: only(averaged, "averaged networks", source),
    others,
  };
}

/** A part such as ema, ema_model or nnet_ema; what is followed by the average stands beside it there. */
const isAveraged = (prefix: string): boolean =>
  prefix.split(".").some((part) => /(^|_)(ema|averaged?|swa)(_|$)/i.test(part)) && !/\bonline_model\b/.test(prefix);

function underPrefixes(tensors: Tensors, layout: Layout): FoundNetwork[] {
  const prefixes = [...tensors.keys()]
    .filter((name) => name === layout.signature || name.endsWith(`.${layout.signature}`))
    .map((name) => name.slice(0, name.length - layout.signature.length))
    // The optimiser's state has the same names behind its own.
    .filter((prefix) => !/^(exp_avg|exp_avg_sq)\.$/.test(prefix) && tensors.has(prefix + layout.patches));
  return prefixes.map((prefix) => ({ layout, prefix, tensors: below(tensors, prefix) }));
}

function below(tensors: Tensors, prefix: string): Tensors {
  const own = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

function only(networks: readonly FoundNetwork[], what: string, source: string): FoundNetwork | null {
  if (networks.length > 1) {
    const shown = networks.map(({ prefix }) => JSON.stringify(prefix)).join(", ");
    throw new UserError(
      `${source} holds ${networks.length} ${what}, with names that begin with ${shown}. Save the weights of one of them as a file of their own.`,
    );
  }
  return networks[0] ?? null;
}

function unknownLayout(tensors: Tensors, source: string): UserError {
  if ([...tensors.keys()].some((name) => name.includes("approx_patch_embed")))
    return new UserError(`${source} draws wavelets of images (the method's first release), which are not here.`);
  const names = [...tensors.keys()].slice(0, 3).map((name) => name.slice(0, 60));
  const there = names.length === 0 ? "no tensor" : `${tensors.size} tensors, such as ${names.join(", ")}`;
  const known = LAYOUTS.map(({ title, signature }) => `${title} (which has ${signature})`).join(", ");
  return new UserError(`${source} holds none of the networks that are known here: ${known}. It holds ${there}.`);
}
