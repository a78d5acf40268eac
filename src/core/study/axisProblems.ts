/** What is wrong with single axes of a study, so that the others can still be looked at. */
import { allowedValues, describeValue, joinOr } from "../experiment/allowedValues.ts";
import type { Diagnostic, Fix } from "../experiment/diagnostic.ts";
import type { ExperimentDocument } from "../experiment/document.ts";
import { editKeys } from "../experiment/edit.ts";
import { keyProblems } from "../experiment/itemProblems.ts";
import { namesOf } from "../experiment/jsonSchema.ts";
import { experimentKeys, isValidFor, itemSchema, type KeySpec } from "../experiment/keys.ts";
import { nearestName } from "../experiment/suggest.ts";
import { renaming } from "../experiment/unknownKeys.ts";
import { isMapping, type PlainMapping } from "../experiment/yamlReader.ts";
import { yamlText } from "../experiment/yamlText.ts";
import { rangeValues } from "./axes.ts";
import { axisKey, budgetKeyNames, rangeKeys } from "./kind.ts";
import { MOST_POINTS, rangeSchema } from "./schema.ts";
import { unknownKey } from "./unknownKey.ts";

/** Takes axes that cannot be used out of the file's values, and says why. */
export function siftAxes(values: PlainMapping, document: ExperimentDocument): Diagnostic[] {
  const { axes } = values;
  if (!isMapping(axes)) return [];
  const usable: PlainMapping = {};
  values["axes"] = usable;
  return Object.entries(axes).flatMap(([name, axis]) => {
    const problems = new AxisReader(name, document).read(axis);
    if (problems.length === 0) usable[name] = axis;
    return problems;
  });
}

type Place = readonly (string | number)[];

class AxisReader {
  private readonly found: Diagnostic[] = [];
  private readonly at: Place;

  constructor(
    private readonly name: string,
    private readonly document: ExperimentDocument,
  ) {
    this.at = ["axes", name];
  }

  read(axis: unknown): Diagnostic[] {
    const { name, document, at, shape } = this;
    if (Array.isArray(axis)) this.readList(axis as unknown[]);
    else if (isMapping(axis)) this.readMapping(axis);
    else if (axis === null) shape(`${name} has no points: give it a list, such as ${this.example}.`);
    else if (axis !== undefined) {
      const text = `[${yamlText(axis)}]`;
      const edits = editKeys(document, { set: [[at, text]] });
      const fix = edits && { title: `Write ${text}`, edits };
      shape(`${name} must be a list of values, such as ${this.example}, but is ${describeValue(axis)}.`, at, fix);
    }
    return this.found;
  }

  private get example(): string {
    const spec = axisKey(this.name);
    const value = spec?.schema.default;
    const two = (spec && namesOf(spec.schema)?.slice(0, 2)) ?? (typeof value === "number" ? [value / 2, value] : []);
    return spec !== null && two.length === 2 && two.every((one) => isValidFor(spec, one)) ? yamlText(two) : "[a, b]";
  }

  private readList(points: readonly unknown[]): void {
    const { name, shape } = this;
    const linked = points.filter(isMapping);
    if (points.length === 0) shape(`${name} has no points: an axis of nothing makes a study of no cells.`);
    else if (points.length > MOST_POINTS)
      shape(`${name} has ${points.length} points; an axis has at most ${MOST_POINTS}.`);
    else if (linked.length === 0) {
      const spec = this.keyOf(name, this.at);
      if (spec !== null) for (const [i, value] of points.entries()) this.check(spec, value, [...this.at, i]);
    } else if (linked.length < points.length) {
      shape(
        `${name} mixes values with mappings. A list of values belongs to one key; in a list of mappings every point says each key, such as {model.patch_size: 4, model.depth: 9}.`,
      );
    } else if (!this.isOneValue(linked)) {
      for (const [i, point] of linked.entries()) this.readPoint(point, [...this.at, i]);
    }
  }

  /** A list of mappings that is a single value itself, such as the pieces of a mask. */
  private isOneValue(points: readonly PlainMapping[]): boolean {
    const spec = axisKey(this.name);
    const properties = (spec && itemSchema(spec)?.properties) ?? {};
    if (!points.some((point) => Object.keys(point).some((key) => key in properties))) return false;
    this.shape(
      `${this.name} is one list of pieces here, which is a single value: an axis is a list of such lists, such as [0.5, [{until: 0.5, rate: 0.9}, {rate: 0}]].`,
    );
    return true;
  }

  private readPoint(point: PlainMapping, at: Place): void {
    if (Object.keys(point).length === 0) this.shape(`A point of ${this.name} names no key.`, at);
    for (const [key, value] of Object.entries(point)) {
      if (value === undefined) continue;
      const spec = this.keyOf(key, [...at, key]);
      if (spec !== null) this.check(spec, value, [...at, key]);
    }
  }

  private readMapping(range: PlainMapping): void {
    const { name, shape } = this;
    const section = experimentKeys().sections.get(name);
    if (section !== undefined)
      shape(`${name} is a section of the experiment: name the key, such as ${section.keys[0]!.path}: […].`);
    else if (Object.keys(range).some((key) => axisKey(key) !== null))
      shape(`${name} is a single mapping: keys that vary together are a list of them, one a line: - {…}.`);
    else this.readRange(range);
  }

  private readRange(range: PlainMapping): void {
    const { name, shape, at } = this;
    const keys = rangeKeys();
    const names = Object.keys(keys);
    const free = names.filter((key) => !(key in range));
    for (const key of Object.keys(range).filter((other) => !names.includes(other))) {
      const near = nearestName(key, free);
      const hint = near === null ? `A range has ${joinOr(names).replace(" or ", " and ")}.` : `Did you mean ${near}?`;
      const fix = near === null ? null : renaming(this.document, [...at, key], near);
      shape(`There is no key ${JSON.stringify(key)} in the range of ${name}. ${hint}`, [...at, key], fix);
    }
    const parsed = rangeSchema.safeParse(range);
    for (const { path } of parsed.success ? [] : parsed.error.issues) {
      const key = String(path[0] ?? "");
      const schema = keys[key];
      if (schema === undefined) continue;
      if (range[key] === undefined) shape(`${name}.${key} is missing: a range has from, to and count.`);
      else shape(`${name}.${key} must be ${allowedValues(schema)}, but is ${describeValue(range[key])}.`, [...at, key]);
    }
    if (!parsed.success) return;
    const spec = this.keyOf(name, at);
    if (spec === null) return;
    for (const end of ["from", "to"]) this.check(spec, range[end], [...at, end]);
    if (this.found.length > 0) return;
    const { from, to, scale } = parsed.data;
    if (scale === "log" && Math.min(from, to) <= 0) {
      shape(`${name} has equal ratios (scale: log), so both ends must be above 0.`, [...at, from <= 0 ? "from" : "to"]);
      return;
    }
    const between = rangeValues(parsed.data).find((value) => !isValidFor(spec, value));
    if (between !== undefined)
      shape(
        `One of the values of ${name} would be ${yamlText(between)}, but it must be ${allowedValues(spec.schema)}.`,
      );
  }

  /** The key that varies; null: there is none of that name, which is reported. */
  private keyOf(key: string, at: Place): KeySpec | null {
    const spec = axisKey(key);
    if (spec !== null) return spec;
    const own = " An axis with a name of its own is a list of mappings, such as {model.patch_size: 4, model.depth: 9}.";
    this.found.push(unknownKey(this.document, key, at, budgetKeyNames(), at.length === 2 ? own : ""));
    return null;
  }

  private check(spec: KeySpec, value: unknown, at: Place): void {
    if (value === undefined || isValidFor(spec, value)) return;
    this.found.push(...keyProblems(spec, value, this.document.as(spec.path, at)));
  }

  private readonly shape = (message: string, at: Place = this.at, fix: Fix | null = null): void => {
    const range = this.document.locate([at]);
    this.found.push({ ...range, severity: "error", code: "MDM903", message, ...(fix ? { fix } : {}) });
  };
}
