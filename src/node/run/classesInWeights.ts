/** Names of classes that a file of weights brings along: one that was copied out of its checkpoint has nothing else to tell them. */
import { closeSync, openSync, readSync } from "node:fs";
import * as z from "zod";
import { classNames } from "../../core/run/format.ts";

/** Headers of this program's files take kilobytes; a length beyond this is that of another kind of file. */
const LARGEST_HEADER = 100 * 2 ** 20;

const headerSchema = z.object({ __metadata__: z.object({ classes: z.string() }) });

/**
 * @param file in the safetensors format
 * @returns names by number; null where it does not say or cannot be read, which those who want its tensors find out themselves
 */
export function classesInWeights(file: string): readonly string[] | null {
  try {
    const header = headerSchema.parse(JSON.parse(readHeader(file)));
    return classNames().parse(JSON.parse(header.__metadata__.classes));
  } catch {
    return null;
  }
}

/** 8 bytes of length, little-endian, then the header as JSON. */
function readHeader(path: string): string {
  const file = openSync(path, "r");
  try {
    const length = Buffer.alloc(8);
    readSync(file, length, 0, 8, 0);
    const bytes = Number(length.readBigUInt64LE());
    if (bytes > LARGEST_HEADER) return "";
    const header = Buffer.alloc(bytes);
    readSync(file, header, 0, bytes, 8);
    return header.toString("utf8");
  } finally {
    closeSync(file);
  }
}
