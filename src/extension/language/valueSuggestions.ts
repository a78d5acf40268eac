/** Values that a key may well take: those it allows, its default, and those that fit the rest of the file. */
import { COMMAND_TEMPLATES } from "../../core/experiment/computeCommand.ts";
import type { JsonSchema } from "../../core/experiment/jsonSchema.ts";
import { isValidFor, type KeySpec } from "../../core/experiment/keys.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { yamlText } from "../../core/experiment/yamlText.ts";
import { geometryOf, type MaskConfig } from "../../core/masks/masks.ts";
import { type MaskPiece, maskPieces } from "../../core/masks/schedule.ts";
import { divisors, share } from "../../core/numbers.ts";

export interface ValueSuggestion {
  /** YAML text */
  readonly text: string;
  /** why this one, in a few words; "" where it says enough itself */
  readonly detail: string;
  readonly isDefault: boolean;
}

/** @param experiment the rest of the file; null where it is not known */
export function valueSuggestions(spec: KeySpec, experiment: Experiment | null): ValueSuggestion[] {
  const { path } = spec;
  const standard = spec.required || spec.schema.default === undefined ? null : yamlText(spec.schema.default);
  const found = new Map<string, string>();
  for (const text of literals(spec.schema)) found.set(text, "");
  if (path === "compute.command") for (const { to, command } of COMMAND_TEMPLATES) found.set(yamlText(command), to);
  const numbers = experiment === null ? [] : fitting(path, experiment);
  for (const { value, detail } of numbers) found.set(String(value), detail);
  // A default that does not fit the rest of the file is no suggestion.
  if (standard !== null && !found.has(standard) && numbers.length === 0) found.set(standard, "");
  const allowed = [...found].filter(
    ([text]) => text === standard || !/^[0-9]/.test(text) || isValidFor(spec, Number(text)),
  );
  return allowed.map(([text, detail]) => ({ text, detail, isDefault: text === standard }));
}

function literals(schema: JsonSchema): string[] {
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap(literals);
  if (schema.enum !== undefined) return schema.enum.map(yamlText);
  if (schema.const !== undefined) return [yamlText(schema.const)];
  if (schema.type === "boolean") return ["true", "false"];
  return schema.type === "null" ? ["null"] : [];
}

interface Fitting {
  readonly value: number;
  readonly detail: string;
}

/** Numbers that divide what they must divide, with what each comes to. */
function fitting(path: string, { data, model, mask, pretrain, finetune }: Experiment): Fitting[] {
  const grid = data.image_size % model.patch_size === 0 ? data.image_size / model.patch_size : null;
  const [{ config }] = maskPieces(mask, "pretrain", pretrain.steps) as [MaskPiece];
  switch (path) {
    case "model.patch_size":
      return divisors(data.image_size)
        .filter((p) => p < data.image_size)
        .map((p) => ({ value: p, detail: `N = ${(data.image_size / p) ** 2} tokens` }));
    case "model.num_heads":
      return divisors(model.embed_dim).map((heads) => ({
        value: heads,
        detail: `${model.embed_dim / heads} numbers each`,
      }));
    case "mask.block_size":
    case "mask.cell_size":
      if (grid === null) return [];
      return divisors(grid)
        .filter((side) => side < grid)
        .map((side) => ({
          value: side,
          detail: rateOf(
            path === "mask.block_size"
              ? { ...config, strategy: "block", blockSize: side }
              : { ...config, strategy: "stratified", cellSize: side },
            grid,
          ),
        }));
    case "mask.crop_size":
      if (grid === null) return [];
      return Array.from({ length: grid - 1 }, (_, i) => ({
        value: i + 1,
        detail: rateOf({ ...config, strategy: "crop", cropSize: i + 1 }, grid),
      }));
    case "pretrain.micro_batch_size":
      return passes(pretrain.batch_size);
    case "finetune.micro_batch_size":
      return passes(finetune.batch_size);
    default:
      return [];
  }
}

function rateOf(mask: MaskConfig, grid: number): string {
  const geometry = geometryOf(mask, grid);
  return geometry === null ? "" : `effective rate ${share(geometry.effectiveRate)}`;
}

const passes = (batch: number): Fitting[] =>
  divisors(batch).map((size) => ({
    value: size,
    detail: `${batch / size} ${size === batch ? "pass" : "passes"} a step`,
  }));
