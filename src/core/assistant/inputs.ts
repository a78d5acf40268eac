/** Inputs that several tools take. */
import * as z from "zod";
import { UserError } from "../errors.ts";
import type { Override } from "../experiment/overrides.ts";
import { parseOverride } from "../experiment/parseOverride.ts";
import { STAGE_NAMES } from "../random/streams.ts";

export const fileInput = () =>
  z.string().min(1).describe("Experiment file (*.maskdm.yaml): absolute, or relative to the workspace's folder.");

export const stageInput = () => z.enum(STAGE_NAMES);

/** As the command line's --set. */
export const setInput = (description: string) =>
  z
    .array(z.string())
    .default([])
    .describe(`${description} Each "key=value" with a dotted key and a YAML value, such as "mask.rate=0.75".`);

/** @throws UserError where one is no key=value */
export function overridesOf(set: readonly string[]): Override[] {
  return set.map((text) => {
    const override = parseOverride(text);
    if (override === null)
      throw new UserError(`${JSON.stringify(text)} will not do: write key=value, such as pretrain.steps=1000.`);
    return override;
  });
}
