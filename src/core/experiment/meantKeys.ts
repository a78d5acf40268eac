/** Keys of an experiment that a dotted name which is none probably means. */
import { experimentKeys } from "./keys.ts";
import { nearestName } from "./suggest.ts";

/** @returns the nearest one in the nearest section, else those of that name in any section; none where nothing is near */
export function meantKeys(path: string): string[] {
  const { keys, sections } = experimentKeys();
  const [section = "", ...rest] = path.split(".");
  const near = sections.get(nearestName(section, [...sections.keys()]) ?? "");
  const own =
    near &&
    nearestName(
      rest.join("."),
      near.keys.map(({ name }) => name),
    );
  if (own) return [`${near.name}.${own}`];
  const last = path.split(".").at(-1)!;
  return [...keys.values()].filter(({ name }) => name === last).map((key) => key.path);
}
