/** What is wrong with one value of the file, in plain English, and what was probably meant. */

import { allowedValues, describeValue, isTextList, joinOr } from "./allowedValues.ts";
import type { Diagnostic, Fix } from "./diagnostic.ts";
import { type ExperimentDocument, extent } from "./document.ts";
import { editKeys } from "./edit.ts";
import { namesOf } from "./jsonSchema.ts";
import { isValidFor, type KeySpec } from "./keys.ts";
import { nearestName } from "./suggest.ts";
import { yamlText } from "./yamlText.ts";

/** @param value what stands in the file, which the schema does not accept */
export function valueProblem(spec: KeySpec, value: unknown, document: ExperimentDocument): Diagnostic {
  const range = document.valueRange(spec.path) ?? document.locate([spec.path]);
  const code = problemCode(spec, value);
  const repaired = repair(spec, value, document);
  const fix = repaired && asFix(document, spec, repaired);
  const hint = repaired ? ` ${repaired.hint}` : otherHint(spec, value);
  const unit = code === "MDM013" ? unitNote(spec.schema["x-unit"]) : "";
  const message =
    code === "MDM015"
      ? `${spec.path} has no value: it must be ${allowedValues(spec.schema)}.${hint}`
      : `${spec.path} must be ${allowedValues(spec.schema)}${unit}, but is ${describeValue(value)}.${hint}`;
  return { ...range, severity: "error", code, message, ...(fix ? { fix } : {}) };
}

function problemCode(spec: KeySpec, value: unknown): string {
  const { schema } = spec;
  const options = schema.anyOf ?? [schema];
  if (value === null || value === undefined) return "MDM015";
  const takes = (...types: string[]) => options.some((option) => types.includes(option.type ?? ""));
  if (
    namesOf(schema) !== undefined ||
    options.some((option) => option.const !== undefined && typeof option.const === typeof value)
  )
    return typeof value === "string" || typeof value === "number" ? "MDM014" : "MDM012";
  if (typeof value === "number" && takes("integer", "number")) return "MDM013";
  if (typeof value === "string" && takes("string")) return "MDM013";
  if (Array.isArray(value) && takes("array")) return "MDM013";
  return "MDM012";
}

interface Repair {
  /** YAML text to write instead */
  readonly text: string;
  readonly hint: string;
  /** what the text takes the place of, where that is not the value */
  readonly replaces?: readonly [start: number, end: number];
}

/** A value that the schema accepts and that is very likely meant. */
function repair(spec: KeySpec, value: unknown, document: ExperimentDocument): Repair | null {
  const accept = (candidate: unknown, hint: (text: string) => string): Repair | null => {
    if (!isValidFor(spec, candidate)) return null;
    const text = yamlText(candidate);
    return { text, hint: hint(text) };
  };
  if (value === null) {
    const comment = commentedColour(spec, document);
    if (comment !== null) {
      const [colour, start] = comment;
      const found = accept(colour, (text) => `YAML reads # as the start of a comment: write ${text}, with the quotes.`);
      if (found !== null) return { ...found, replaces: [start, start + colour.length] };
    }
    return spec.schema.enum?.includes("none") ? accept("none", (text) => `Write ${text} to switch it off.`) : null;
  }
  if (typeof value === "string") return repairText(spec, value, accept);
  if (Array.isArray(value)) {
    const { items } = spec.schema;
    const names = items !== undefined && "enum" in items ? (items.enum ?? []).map(String) : [];
    // A mapping among them is no name that was mistyped.
    const meant = value.map((item) => (typeof item === "object" ? null : nearestName(String(item), names)));
    return meant.includes(null) ? null : accept(meant, (list) => `Did you mean ${list}?`);
  }
  if (typeof value === "boolean") {
    return value
      ? null
      : (accept(0, (text) => `Write ${text} to switch it off.`) ??
          accept(null, (text) => `Write ${text} to switch it off.`) ??
          accept("none", (text) => `Write ${text} to switch it off.`));
  }
  if (typeof value === "number") {
    const asText = accept(String(value), (text) => `Write ${text} in quotes.`);
    if (asText !== null && spec.schema.enum === undefined) return asText;
    if (Number.isInteger(value) && value > 1 && value <= 100) {
      const share = accept(value / 100, (text) => `If per cent are meant, write ${text}.`);
      const takesShares = (spec.schema.anyOf ?? [spec.schema]).some(({ type }) => type === "number");
      if (share !== null && takesShares && spec.schema["x-unit"] !== undefined) return share;
    }
    if (value === 0 && spec.path.endsWith(".clip_grad"))
      return accept(null, (text) => `Write ${text} to switch clipping off.`);
    if (value === 0 || value === 1) return accept(value === 1, (text) => `Write ${text}.`);
  }
  return null;
}

function repairText(
  spec: KeySpec,
  value: string,
  accept: (candidate: unknown, hint: (text: string) => string) => Repair | null,
): Repair | null {
  const text = value.trim();
  if ((spec.schema.anyOf ?? [spec.schema]).some(isTextList) && !/^(none|null|nil|~)$/i.test(text))
    return accept([value], (list) => `Write ${list}.`);
  const names = namesOf(spec.schema)?.map(String);
  if (names !== undefined) {
    const nearest = VALUE_SYNONYMS[spec.name]?.[text.toLowerCase()] ?? nearestName(text, names);
    return nearest === null ? null : accept(nearest, (name) => `Did you mean ${name}?`);
  }
  if (/^(none|null|nil|~|off|no|false)$/i.test(text)) {
    const off =
      accept(null, () => "Write null (in YAML, None is an ordinary text).") ??
      accept(0, () => "Write 0 to switch it off.");
    if (off !== null) return off;
  }
  if (/^(true|yes|on|y)$/i.test(text)) return accept(true, () => booleanHint(text, true));
  if (/^(false|no|off|n)$/i.test(text)) return accept(false, () => booleanHint(text, false));
  if (/^auto$/i.test(text)) return accept("auto", () => "Write auto in lower case.");
  if (/^#?[0-9a-f]{6}$/i.test(text)) return accept(`#${text.replace("#", "")}`, (colour) => `Write ${colour}.`);
  const colour = COLOURS[text.toLowerCase()];
  if (colour !== undefined) return accept(colour, (code) => `Write ${code}.`);
  const number = numberFrom(text);
  if (number !== null) {
    const plain = accept(number, (digits) =>
      digits === text ? "Remove the quotes: in quotes a number is a text." : `Write ${digits}.`,
    );
    if (plain !== null) return plain;
  }
  const list = text
    .replace(/^[[(]|[\])]$/g, "")
    .split(/[\s,]+/)
    .map(Number);
  return list.length > 1 && list.every(Number.isFinite) ? accept(list, (items) => `Write ${items}.`) : null;
}

function booleanHint(text: string, value: boolean): string {
  return /^(true|false)$/.test(text)
    ? "Remove the quotes: in quotes it is a text."
    : `Write ${value}: yes, no, on and off are texts in YAML 1.2.`;
}

/** Shares and probabilities explain themselves by their range. */
function unitNote(unit: string | undefined): string {
  return unit === undefined || /^(share|probability)/.test(unit) ? "" : ` (${unit})`;
}

/** Numbers in ways that people write and YAML reads as text: 1_000, 1,000, 200k, 50 %, 64px. */
function numberFrom(text: string): number | null {
  const match = /^([-+]?[0-9][0-9_,]*(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?)\s*(k|m|%|px|gb|gib|g)?$/i.exec(text);
  if (match === null) return null;
  const digits = match[1]!.replaceAll(/[_,](?=[0-9]{3}(?:[_,.]|$))/g, "");
  const number = Number(digits);
  if (!Number.isFinite(number)) return null;
  const unit = match[2]?.toLowerCase();
  return unit === "k" ? number * 1000 : unit === "m" ? number * 1e6 : unit === "%" ? number / 100 : number;
}

const VALUE_SYNONYMS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  strategy: {
    random: "patch",
    token: "patch",
    tokens: "patch",
    blocks: "block",
    cropping: "crop",
    window: "crop",
    strata: "stratified",
    cell: "stratified",
    cells: "stratified",
    off: "none",
    no: "none",
  },
  prediction: {
    eps: "epsilon",
    noise: "epsilon",
    velocity: "v",
    v_prediction: "v",
    x: "x0",
    image: "x0",
    sample: "x0",
    x_start: "x0",
  },
  process: { rectified_flow: "flow", flow_matching: "flow", linear: "flow", vp: "ddpm", gaussian: "ddpm" },
  timestep_distribution: { lognorm: "logit_normal", lognormal: "logit_normal", none: "uniform" },
  schedule: { cos: "cosine", lin: "linear", squaredcos_cap_v2: "cosine" },
  sampler: {
    ddpm: "ancestral",
    "dpm++": "dpmpp_2m",
    "dpm-solver++": "dpmpp_2m",
    dpmsolver: "dpmpp_2m",
    dpm: "dpmpp_2m",
  },
  backend: { cpu: "native", gpu: "onnx-webgpu", webgpu: "onnx-webgpu", tensorflow: "tfjs", ort: "onnx" },
  loss_weighting: { none: "uniform", snr: "min_snr", mse: "uniform", v: "velocity", v_loss: "velocity" },
  lr_schedule: { none: "constant", fixed: "constant" },
  labels: { folder: "folders", off: "none", class: "folders" },
};

const COLOURS: Readonly<Record<string, string>> = {
  white: "#ffffff",
  black: "#000000",
  grey: "#808080",
  gray: "#808080",
};

function otherHint(spec: KeySpec, value: unknown): string {
  if (spec.path === "data.channels" && value === 4)
    return " Transparent images are composited on data.background, so RGBA images need 3.";
  if (Array.isArray(value) && value.length !== 2 && spec.schema.type === "array") return "";
  if (value === null && spec.schema.default !== undefined)
    return ` Give one, or remove the line for the default (${yamlText(spec.schema.default)}).`;
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    const keys = Object.keys(value);
    return keys.length > 0
      ? ` The lines below it (${joinOr(keys.slice(0, 3)).replace(" or ", " and ")}) are indented too far.`
      : "";
  }
  return "";
}

/** `background: #ff00ff` is a key without a value, followed by a comment: that comment and its offset. */
function commentedColour(spec: KeySpec, document: ExperimentDocument): [colour: string, start: number] | null {
  const place = spec.path === "data.background" ? document.find(spec.path) : null;
  if (place === null) return null;
  const [, end] = extent(place.key);
  const match = /^(\s*:\s*)(#[0-9a-f]{6})\b/i.exec(document.text.slice(end, document.lines.lineEnd(end)));
  return match && [match[2]!, end + match[1]!.length];
}

function asFix(document: ExperimentDocument, spec: KeySpec, { text, replaces }: Repair): Fix | null {
  const edits = replaces
    ? [document.lines.edit(...replaces, text)]
    : editKeys(document, { set: { [spec.path]: text } });
  return edits && { title: `Write ${spec.name}: ${text}`, edits };
}
