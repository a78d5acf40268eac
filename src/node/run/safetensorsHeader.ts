/** The header of a safetensors file (public format): its length as 8 bytes little-endian, then JSON that says where each tensor lies. */
import { fstatSync, readSync } from "node:fs";
import * as z from "zod";
import { Damage } from "../../core/damage.ts";
import { sizeOf } from "../../core/model/graph/graph.ts";
import { ELEMENT_BYTES, type ElementKind, isElementKind } from "../../core/model/storedTensor.ts";

/** The format's own limit. */
const LARGEST_HEADER = 100_000_000;
const PIECE_BYTES = 16 * 2 ** 20;

const size = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const entrySchema = z.object({ dtype: z.string(), shape: z.array(size).max(32), data_offsets: z.tuple([size, size]) });
const metadataSchema = z.record(z.string(), z.string());

/** Where a tensor lies. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly kind: ElementKind;
  readonly shape: number[];
  /** bytes after the header */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** in the order of their bytes */
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** the file's first bytes: the header with its length before it */
  readonly bytes: Buffer;
  readonly fileBytes: number;
}

function parseHeader(
  text: string,
  dataBytes: number,
): { entries: SafetensorsEntry[]; metadata: Record<string, string> } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Damage("its header is not valid JSON");
  }
  if (!text.startsWith("{") || typeof json !== "object" || json === null)
    throw new Damage("its header is no JSON object");
  const entries: SafetensorsEntry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") {
      const parsed = metadataSchema.safeParse(value);
      if (!parsed.success) throw new Damage("its __metadata__ is not a map of strings");
      metadata = parsed.data;
      continue;
    }
    const parsed = entrySchema.safeParse(value);
    if (!parsed.success) throw new Damage(`its header describes tensor ${name} wrongly`);
    const { dtype, shape, data_offsets } = parsed.data;
    if (!isElementKind(dtype)) {
      throw new Damage(`tensor ${name} is ${dtype}, which is not read; save the weights as float32`);
    }
    const [begin, end] = data_offsets;
    if (end - begin !== ELEMENT_BYTES[dtype] * sizeOf(shape)) {
      throw new Damage(`tensor ${name} of shape [${shape}] cannot fill bytes ${begin} to ${end}`);
    }
    entries.push({ name, kind: dtype, shape, begin, end });
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const entry of entries) {
    if (entry.begin < end) throw new Damage(`tensor ${entry.name} overlaps the one before it`);
    if (entry.begin > end) throw new Damage(`bytes ${end} to ${entry.begin} belong to no tensor`);
    end = entry.end;
  }
  if (end !== dataBytes) {
    throw new Damage(
      end > dataBytes
        ? `its tensors need ${end} bytes and it holds ${dataBytes}; it was cut short`
        : `${dataBytes - end} bytes at its end belong to no tensor`,
    );
  }
  return { entries, metadata };
}

/**
 * Reads the header of a file from its beginning on; what comes next are the values.
 * @throws Damage where it is not one of tensors of known kinds that fill the file
 */
export function readSafetensorsHeader(fd: number): SafetensorsHeader {
  const { size: fileBytes } = fstatSync(fd);
  if (fileBytes < 10) throw new Damage(fileBytes === 0 ? "it is empty" : "it is too short");
  const lengthBytes = Buffer.alloc(8);
  readFully(fd, lengthBytes);
  const length = Number(lengthBytes.readBigUInt64LE());
  if (length > LARGEST_HEADER || length > fileBytes - 8) {
    throw new Damage("it does not begin with the length of a safetensors header, or was cut short");
  }
  const headBytes = Buffer.alloc(length);
  readFully(fd, headBytes);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(headBytes);
  } catch {
    throw new Damage("its header is not UTF-8");
  }
  const bytes = Buffer.concat([lengthBytes, headBytes]);
  return { ...parseHeader(text, fileBytes - bytes.length), bytes, fileBytes };
}

/**
 * Fills an array, in pieces: Node reads no 2 GiB at once.
 * @param from where its bytes begin in the file; null: where the last ones ended
 * @throws Damage where the file ends before that
 */
export function readFully(fd: number, into: Uint8Array, from: number | null = null): void {
  for (let at = 0; at < into.length; ) {
    const taken = readSync(fd, into, at, Math.min(into.length - at, PIECE_BYTES), from === null ? null : from + at);
    if (taken === 0) throw new Damage("it ends too early");
    at += taken;
  }
}
