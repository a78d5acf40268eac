/** What a file of another program holds, under one name each: the keys on the way to it, with dots between. */
import { Damage } from "../damage.ts";
import type { StoredTensor } from "../model/storedTensor.ts";
import type { PickleValue } from "../torchFile/pickle.ts";
import { TorchTensor } from "../torchFile/torchFile.ts";

/** Files of weights nest two or three levels; who contains himself is followed no further than this. */
const DEEPEST = 8;
/** Names of a network, its average and the optimiser's state of it are some thousands. */
const MOST = 200_000;

export interface Flat {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** texts, numbers and truth values */
  readonly plain: ReadonlyMap<string, string | number | boolean>;
}

/** @throws Damage where there is far more in it than in any file of weights: a part of it might be taken for the whole */
export function flatten(root: PickleValue): Flat {
  const tensors = new Map<string, StoredTensor>();
  const plain = new Map<string, string | number | boolean>();
  let seen = 0;
  const visit = (value: PickleValue, name: string, depth: number): void => {
    if (++seen > MOST) throw new Damage(`it comes to more than ${MOST} values, which files of weights do not`);
    if (depth > DEEPEST) return;
    if (value instanceof TorchTensor) tensors.set(name, value);
    else if (value instanceof Map) {
      for (const [key, item] of value) {
        if (typeof key === "string" || typeof key === "number")
          visit(item, name === "" ? `${key}` : `${name}.${key}`, depth + 1);
      }
    } else if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
      plain.set(name, value);
  };
  visit(root, "", 0);
  return { tensors, plain };
}
