/** Whether the tensors of a file are those of a network. */
import { UserError } from "../errors.ts";
import type { NamedTensor } from "./tensor.ts";

type Tensors = ReadonlyMap<string, NamedTensor>;

const REMEDY = "Give model and data the same sizes in both experiments, or start from another checkpoint";

/** Tensors that do not fit are listed so far: what is wrong shows in the first ones. */
const MAX_LISTED = 10;
/** Of tensors with values that are no numbers a few say enough. */
const MAX_NAMED = 5;
/** Values of constants that lie nearer to each other are the same. */
const SAME = 1e-5;

/**
 * @param own learned tensors of the network, or the optimiser's of it
 * @param constants what the network reads but does not learn, which a file may hold or not
 * @param source the file, for messages
 * @param remedy what to do where they are not
 * @throws UserError naming what does not fit, or where values are not finite
 */
export function requireFit(
  given: Tensors,
  own: readonly Pick<NamedTensor, "name" | "shape">[],
  constants: readonly NamedTensor[],
  source: string,
  remedy: string = REMEDY,
): void {
  const problems = [...mismatches(given, own, constants), ...otherConstants(given, constants)];
  if (problems.length > 0) {
    throw new UserError(
      `${source} does not fit this experiment's model:\n${firstOf(problems)}\n` +
        `${remedy}${given.size > own.length ? "; what is no tensor of the model has to be left out of the file" : ""}.`,
    );
  }
  const broken = own.map(({ name }) => name).filter((name) => !given.get(name)!.data.every(Number.isFinite));
  if (broken.length > 0) {
    throw new UserError(
      `${source} holds values that are not finite numbers, in ${broken.slice(0, MAX_NAMED).join(", ")}` +
        `${broken.length > MAX_NAMED ? ` and ${broken.length - MAX_NAMED} more tensors` : ""}. Start from another checkpoint.`,
    );
  }
}

function mismatches(
  given: Tensors,
  own: readonly Pick<NamedTensor, "name" | "shape">[],
  constants: readonly NamedTensor[],
): string[] {
  const problems: string[] = [];
  const text = (shape: readonly number[]) => `[${shape.join(", ")}]`;
  for (const { name, shape } of own) {
    const other = given.get(name);
    if (!other) problems.push(`${name}: missing, ${text(shape)} is needed`);
    else if (text(other.shape) !== text(shape)) {
      problems.push(`${name}: ${text(other.shape)} there, ${text(shape)} is needed`);
    }
  }
  const names = new Set([...own, ...constants].map(({ name }) => name));
  for (const name of given.keys()) if (!names.has(name)) problems.push(`${name}: not a tensor of this model`);
  return problems;
}

/** What a file says of constants that are others here: the network that it was trained with is another one. */
function otherConstants(given: Tensors, constants: readonly NamedTensor[]): string[] {
  return constants.flatMap(({ name, data }) => {
    const other = given.get(name)?.data;
    const isSame = other?.length === data.length && other.every((value, i) => Math.abs(value - data[i]!) < SAME);
    return other === undefined || isSame ? [] : [`${name}: other values there than this network has`];
  });
}

/** The first of a list, a line each, and how many there are besides. */
function firstOf(problems: readonly string[]): string {
  const lines = problems.slice(0, MAX_LISTED).map((problem) => `  ${problem}`);
  const more = problems.length - lines.length;
  return [...lines, ...(more > 0 ? [`  and ${more} more`] : [])].join("\n");
}
