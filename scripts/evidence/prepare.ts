/** The studies as they are computed: with the seeds and seconds that are asked for, as files that name their base from where they lie. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { parse, stringify } from "yaml";
import { isMapping, type PlainMapping } from "../../src/core/experiment/yamlReader.ts";
import { changeStudy, type StudyChange } from "../../src/core/study/changeStudy.ts";
import { STUDY_ENDING } from "../../src/core/study/names.ts";
import { type LoadedStudy, loadPlan } from "../../src/node/study/loadPlan.ts";
import type { EvidenceDocument, EvidenceStudy } from "./catalogue.ts";

export interface Size {
  /** the larger version */
  readonly full: boolean;
  /** of every configuration; null: as the files say */
  readonly seeds: number | null;
  /** of the longest cell of a document, the others and numbers of images in proportion; null: as the files say */
  readonly seconds: number | null;
}

export interface PreparedStudy extends EvidenceStudy {
  readonly file: string;
  readonly loaded: LoadedStudy;
}

/**
 * Writes the studies of a document.
 * @param from folder of the study files
 * @param into folder that gets them
 * @throws Error where one cannot be planned
 */
export function prepareStudies(
  { studies }: EvidenceDocument,
  size: Size,
  { from, into }: { readonly from: string; readonly into: string },
): PreparedStudy[] {
  const texts = studies.map((study) => ({ study, text: changedText(study, size, from) }));
  const longest = Math.max(0, ...texts.flatMap(({ text }) => budgets(parse(text), "seconds")));
  const factor = size.seconds === null || longest === 0 ? 1 : size.seconds / longest;
  mkdirSync(into, { recursive: true });
  return texts.map(({ study, text }) => {
    const file = join(into, `${study.name}${STUDY_ENDING}`);
    const values = scaled(parse(text), factor) as PlainMapping;
    const base = relative(into, resolve(from, String(values["base"])))
      .split(sep)
      .join("/");
    writeFileSync(file, stringify({ ...values, base }));
    return { ...study, file, loaded: planned(file) };
  });
}

function changedText({ name, full }: EvidenceStudy, size: Size, from: string): string {
  const seeds: StudyChange[] = size.seeds === null ? [] : [{ path: ["seeds"], value: size.seeds }];
  return changeStudy(readFileSync(join(from, `${name}${STUDY_ENDING}`), "utf8"), [
    ...(size.full ? full : []),
    ...seeds,
  ]);
}

function planned(file: string): LoadedStudy {
  const load = loadPlan(file);
  if (!load.ok) {
    const reasons = [load.reason ?? "", ...load.diagnostics.map(({ line, message }) => `line ${line}: ${message}`)];
    throw new Error(`${load.file}: ${reasons.filter(Boolean).join(" ")}`);
  }
  const refused = load.value.plan.configurations.find(({ problems }) => problems.length > 0);
  if (refused !== undefined) throw new Error(`${file}: ${refused.label}: ${refused.problems.join(" ")}`);
  return load.value;
}

/** Budgets of one unit wherever a study names them: in its budget, along an axis, among keys that vary together. */
function budgets(study: unknown, unit: "seconds" | "images"): number[] {
  const found: number[] = [];
  scaled(study, 1, (own, value) => {
    if (own === unit) found.push(value);
  });
  return found;
}

/** A copy with every budget in seconds or images multiplied, to whole numbers from 1 on. */
function scaled(
  study: unknown,
  factor: number,
  see: (unit: "seconds" | "images", value: number) => void = () => {},
): unknown {
  const changed = (value: unknown, unit: "seconds" | "images"): unknown => {
    if (Array.isArray(value)) return value.map((each) => changed(each, unit));
    if (typeof value !== "number") return value;
    see(unit, value);
    return Math.max(1, Math.round(value * factor));
  };
  const walk = (value: unknown, above: string): unknown => {
    if (Array.isArray(value)) return value.map((each) => walk(each, above));
    if (!isMapping(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => {
        const name = above === "budget" ? `budget.${key}` : key;
        if (name === "budget.seconds") return [key, changed(each, "seconds")];
        if (name === "budget.images") return [key, changed(each, "images")];
        return [key, walk(each, key)];
      }),
    );
  };
  return walk(study, "");
}
