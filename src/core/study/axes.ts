/** The axes of a study with their points. */

import { isMapping } from "../experiment/yamlReader.ts";
import { yamlText } from "../experiment/yamlText.ts";
import { short } from "../numbers.ts";
import type { AxisConfig, StudyConfig } from "./schema.ts";

export interface Axis {
  /** key of the experiment or the budget, or a name that the file gives to keys which vary together */
  readonly name: string;
  readonly points: readonly AxisPoint[];
}

export interface AxisPoint {
  /** as charts and tables write it */
  readonly label: string;
  /** dotted keys of the experiment, and budget.*, with their values */
  readonly values: Readonly<Record<string, unknown>>;
}

/** In the order of the file. */
export const studyAxes = (study: Pick<StudyConfig, "axes">): Axis[] =>
  Object.entries(study.axes).map(([name, config]) => ({ name, points: axisPoints(name, config) }));

function axisPoints(name: string, config: AxisConfig): AxisPoint[] {
  const single = (value: unknown): AxisPoint => ({ label: labelOf(value), values: { [name]: value } });
  if (!Array.isArray(config)) return rangeValues(config).map(single);
  return config.map((entry) =>
    isMapping(entry)
      ? {
          label: linkedLabel(entry),
          values: entry,
        }
      : single(entry),
  );
}

/** Keys without their sections: once where two sections set a key alike, such as both stages; with the section where they do not. */
function linkedLabel(entry: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(entry).map(([key, value]) => ({ key, name: lastOf(key), value: labelOf(value) }));
  const texts = parts.map(({ key, name, value }) =>
    parts.some((other) => other.name === name && other.value !== value) ? `${key} ${value}` : `${name} ${value}`,
  );
  return [...new Set(texts)].join(", ");
}

const lastOf = (key: string): string => key.split(".").at(-1)!;

/** Every key that axes vary, in their order. */
export const keysOf = (...axes: readonly Axis[]): string[] => [
  ...new Set(axes.flatMap(({ points }) => points.flatMap(({ values }) => Object.keys(values)))),
];

/** What a configuration has of each key that varies. @param places its place on each axis */
export const valuesAt = (axes: readonly Axis[], places: readonly number[]): Readonly<Record<string, unknown>> =>
  Object.assign({}, ...axes.map(({ points }, i) => points[places[i]!]!.values));

/** "rate 0.9"; of keys that vary together the label says itself which they are. */
export const pointText = ({ name, points }: Axis, { label }: AxisPoint): string =>
  points.every(({ values }) => Object.keys(values).length === 1 && name in values) ? `${lastOf(name)} ${label}` : label;

const labelOf = (value: unknown): string => (typeof value === "number" ? short(value) : yamlText(value));

/** Whole numbers where both ends are and the values are near enough: a key of whole numbers takes no others. */
export function rangeValues({ from, to, count, scale }: Exclude<AxisConfig, readonly unknown[]>): number[] {
  const isWhole = Number.isInteger(from) && Number.isInteger(to);
  return Array.from({ length: count }, (_, i) => {
    const share = i / (count - 1);
    const value = scale === "log" ? from * (to / from) ** share : from + (to - from) * share;
    if (i === 0) return from;
    if (i === count - 1) return to;
    return isWhole && Math.abs(to - from) >= count - 1 ? Math.round(value) : Number(value.toPrecision(6));
  });
}
