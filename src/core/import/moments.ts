/** The state of PyTorch's AdamW in a checkpoint: moments by numbers of parameters, which follow the order of the network's tensors. */
import type { StoredTensor } from "../model/storedTensor.ts";
import type { Flat } from "./flatten.ts";

type Tensors = ReadonlyMap<string, StoredTensor>;

export interface Moments {
  /** by the names of the network's tensors */
  readonly first: Tensors;
  readonly second: Tensors;
}

/**
 * @param file what it holds
 * @param network those of the network that was trained, in the file's order
 * @param step optimiser steps behind the weights
 * @returns null where there are none, or none of this network and step
 */
export function momentsOf({ tensors: all, plain }: Flat, network: Tensors, step: number | null): Moments | null {
  const state = ["opt.state.", "optimizer.state.", "optimizer_state_dict.state."].find((prefix) =>
    all.has(`${prefix}0.exp_avg`),
  );
  if (state === undefined || all.has(`${state}${network.size}.exp_avg`)) return null;
  // In mixed precision the optimiser leaves out steps whose gradients were not finite. Older versions have a number here.
  const updates = Number(all.get(`${state}0.step`)?.read()[0] ?? plain.get(`${state}0.step`));
  if (step === null || !(updates > 0 && updates <= step)) return null;
  const moments = { first: new Map<string, StoredTensor>(), second: new Map<string, StoredTensor>() };
  const kinds = [
    ["exp_avg", moments.first],
    ["exp_avg_sq", moments.second],
  ] as const;
  for (const [i, [name, { shape }]] of [...network].entries()) {
    for (const [kind, into] of kinds) {
      const given = all.get(`${state}${i}.${kind}`);
      if (given !== undefined && given.shape.join() !== shape.join()) return null;
      const size = shape.reduce((product, length) => product * length, 1);
      // A parameter that took no part in any loss has none.
      into.set(name, given ?? { shape, read: () => new Float32Array(size) });
    }
  }
  return moments;
}
