/** What people are told about the numbers of classes. */
import type { ClassMove, ClassNumbers, ClassRequest, KnownClasses } from "./numberClasses.ts";

/** Classes named at most; a data set may have thousands. */
const MOST_NAMED = 20;

type Refused = Extract<ClassNumbers, { ok: false }>;
type Numbered = Extract<ClassNumbers, { ok: true }>;

/** `0 "cat"`: its number and its name, as far as it has them; the name in quotes, as names may be numbers themselves. */
export function numberedClass(name: string | undefined, number: number | null): string {
  return [number, name === undefined ? null : JSON.stringify(name)].filter((part) => part !== null).join(" ");
}

/** `0 "cat"` */
export const classText = (names: readonly string[], number: number): string => numberedClass(names[number], number);

/** The class that is drawn. A number without a name is one that none of the images behind the weights had: where names are recorded, theirs are. */
export const drawnClass = (names: readonly string[], number: number): string =>
  `class ${classText(names, number)}${names[number] === undefined ? ": the weights were trained on no images of it, so they have learned nothing of it" : ""}`;

/** `0 "cat", 1 "dog"` */
export function classList(names: readonly string[], isMeant: (name: string) => boolean = () => true): string {
  const entries = names.flatMap((name, number) => (isMeant(name) ? [classText(names, number)] : []));
  return shortened(entries);
}

/** Why folders do not make the classes of a model, with the number of each class before and now, and what to do. */
export function refusedClasses({ folders, numClasses, known }: ClassRequest, refused: Refused): string {
  if (known?.names == null) {
    return `The images lie in ${folders.length} folders, one for each class, but model.num_classes is ${numClasses}. Use num_classes ${folders.length}.`;
  }
  const { added, missing } = refused;
  const what =
    refused.why === "renamed"
      ? `its folders have changed: ${quotedNames(missing)} ${isOrAre(missing)} gone and ${quotedNames(added)} ${added.length === 1 ? "has" : "have"} come`
      : `${quotedNames(added)} ${isOrAre(added)} not among the classes of ${known.of}, and model.num_classes ${numClasses} leaves ${added.length === 1 ? "no number for it" : "too few numbers for them"}`;
  return `data.path: ${what}. Numbers of the classes in ${known.of} → by the folders now: ${mapping(refused.moves)}. ${remedy(known, folders.length > numClasses ? numClasses : null)}`;
}

/** @param most classes that the weights have numbers for; null: the folders are no more than that */
function remedy(known: KnownClasses, most: number | null): string {
  const fewer = most === null ? "" : `, and leave out all but ${most} with data.ignore, as these weights have no more`;
  return known.use === "finetune"
    ? `Give each folder the name of the class that it stands for; where they are other classes, number them anew with finetune.classes: new${fewer}.`
    : `Give the folders their names back, or take new ones out. Other classes need a run of their own: ${known.otherClasses}`;
}

/** All classes; of very many, those whose number changes. */
function mapping(moves: readonly ClassMove[]): string {
  const shown = moves.length > MOST_NAMED ? moves.filter(({ before, now }) => before !== now) : moves;
  return shortened(shown.map(moveText));
}

const moveText = ({ name, before, now }: ClassMove): string =>
  `${JSON.stringify(name)} ${before ?? "none"} → ${now ?? "no folder"}`;

/** What is not as the order of the folders has it, and which number every class has, a line each. */
export function classNotes({ known }: Pick<ClassRequest, "known">, numbers: Numbered): string[] {
  const { names, missing, added, isShifted } = numbers;
  if (known === null) return [`classes: ${classList(names)}`];
  if (known.names === null) {
    return [`${known.of} does not say which class has which number; by the bytes of their names: ${classList(names)}`];
  }
  const lines: string[] = [];
  const [isMissing, isAdded] = [new Set(missing), new Set(added)];
  const kept = classList(names, (name) => !isMissing.has(name) && !isAdded.has(name));
  const why = isShifted ? ", whatever the order of the folders" : "";
  if (kept !== "") lines.push(`classes as in ${known.of}${why}: ${kept}`);
  if (missing.length > 0)
    lines.push(`classes of ${known.of} without images here: ${classList(names, (name) => isMissing.has(name))}`);
  if (added.length > 0)
    lines.push(`classes that ${known.of} does not know: ${classList(names, (name) => isAdded.has(name))}`);
  return lines;
}

const isOrAre = (names: readonly string[]): string => (names.length === 1 ? "is" : "are");

/** `"cat", "dog" and 3 more`. @param most names at most */
export const quotedNames = (names: readonly string[], most: number = MOST_NAMED): string =>
  shortened(
    names.map((name) => JSON.stringify(name)),
    most,
  );

function shortened(entries: readonly string[], most: number = MOST_NAMED): string {
  const more = entries.length - most;
  return more <= 0 ? entries.join(", ") : `${entries.slice(0, most).join(", ")} and ${more} more`;
}
