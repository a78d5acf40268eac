/** Names of classes that a file of weights brings along: one that was copied out of its checkpoint has nothing else to tell them. */
import { closeSync, openSync } from "node:fs";
import { classNames } from "../../core/run/format.ts";
import { readSafetensorsHeader } from "./safetensorsHeader.ts";

/**
 * @param file in the safetensors format
 * @returns names by number; null where it does not say or cannot be read, which those who want its tensors find out themselves
 */
export function classesInWeights(file: string): readonly string[] | null {
  try {
    const fd = openSync(file, "r");
    try {
      return classNames().parse(JSON.parse(readSafetensorsHeader(fd).metadata["classes"] ?? "null"));
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}
