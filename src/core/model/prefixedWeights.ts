/** Weights of other programs whose names all carry what wrapped the network there, such as DataParallel's `module.`. */
import { UserError } from "../errors.ts";
import type { NamedTensor } from "./tensor.ts";

type Tensors = ReadonlyMap<string, NamedTensor>;

/**
 * Takes off a prefix where the model's own names are what remains. Names without it stay as they are.
 * @param own names of the model's tensors
 * @param source the file, for messages
 * @returns the tensors as they are, and no note, where nothing is to be taken off
 * @throws UserError where the file holds several networks beside one another, each under a prefix
 */
export function withoutPrefix(
  given: Tensors,
  own: ReadonlySet<string>,
  source: string,
): { readonly tensors: Tensors; readonly note: string | null } {
  const unchanged = { tensors: given, note: null };
  if ([...given.keys()].some((name) => own.has(name))) return unchanged;
  const found = prefixes([...given.keys()], own);
  if (found.length > 1) {
    const shown = found.map((prefix) => JSON.stringify(prefix)).join(", ");
    throw new UserError(
      `${source} holds ${found.length} networks, with names that begin with ${shown}. Save the weights of one of them as a file of their own.`,
    );
  }
  const [prefix] = found;
  if (prefix === undefined) return unchanged;
  const tensors = new Map<string, NamedTensor>();
  for (const [name, tensor] of given) {
    const rest = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    tensors.set(rest, { ...tensor, name: rest });
  }
  return { tensors, note: `the names in ${source} begin with ${JSON.stringify(prefix)}, which is left off` };
}

/** What stands before more than half of the names: a single one may end like one of the model's by chance. */
function prefixes(names: readonly string[], own: ReadonlySet<string>): string[] {
  const counts = new Map<string, number>();
  for (const name of names) {
    for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
      const prefix = name.slice(0, dot + 1);
      if (own.has(name.slice(dot + 1))) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
  }
  return [...counts].filter(([, count]) => count > Math.min(own.size, names.length) / 2).map(([prefix]) => prefix);
}
