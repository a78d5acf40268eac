/**
 * metrics.columns: the lines of metrics.jsonl in binary columns, see docs/run-format.md. Pure: bytes in, bytes out. Little endian on
 * every machine; everything is aligned to 8 bytes.
 */
import * as z from "zod";
import { EXACT_FIELDS, type PackedLines, type PackedResume, ROUNDED_FIELDS } from "./packedLines.ts";

/** Grows only when a reader of the older version would misread the newer one; columns may be added without. */
const VERSION = 1;
/** What precedes a block's columns: bytes of the block, checksum, end of the text, checksum of the text, rows, resumes, 0. */
const BLOCK_HEAD = 32;
/** Bytes of a block that its checksum leaves out. */
const UNCHECKED = 8;
/** No header is longer. */
const LONGEST_HEADER = 64 * 1024;
const NEWLINE = 0x0a;

/** CRC-32 as in zlib. @param crc of the bytes before these */
export type Checksum = (bytes: Uint8Array, crc: number) => number;

/** So far the lines of a text are held. */
export interface TextPlace {
  /** bytes from the text's beginning; it ends with a newline there */
  readonly textEnd: number;
  /** CRC-32 of these bytes */
  readonly textCrc: number;
}

export const TEXT_BEGIN: TextPlace = { textEnd: 0, textCrc: 0 };

export interface ColumnsBlock extends TextPlace {
  /** those between the end of the block before and this one's */
  readonly lines: PackedLines;
}

export interface ColumnsRead {
  /** whole ones, from the file's beginning */
  readonly blocks: readonly ColumnsBlock[];
  /** bytes of the file up to the last whole block's end: what follows is torn or damaged */
  readonly wholeBytes: number;
  /** own: its columns are those that this version writes; older: some of these are missing, newer: it has others */
  readonly columns: "own" | "older" | "newer";
}

const TYPES = { float64: Float64Array, float32: Float32Array } as const;
const columnSchema = z.object({ name: z.string(), type: z.enum(["float64", "float32"]) });
type Column = z.output<typeof columnSchema>;

const headerSchema = z.object({
  format: z.literal("maskdm metrics.columns"),
  version: z.literal(VERSION),
  columns: z.array(columnSchema),
});

const OWN_COLUMNS: readonly Column[] = [
  ...EXACT_FIELDS.map((name): Column => ({ name, type: "float64" })),
  ...ROUNDED_FIELDS.map((name): Column => ({ name, type: "float32" })),
];

const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** The file's beginning: a line of JSON, padded with blanks. */
export function columnsHeader(): Uint8Array {
  const text = JSON.stringify({ format: "maskdm metrics.columns", version: VERSION, columns: OWN_COLUMNS });
  return new TextEncoder().encode(`${text.padEnd(aligned(text.length + 1) - 1)}\n`);
}

export function columnsBlock({ lines, textEnd, textCrc }: ColumnsBlock, checksum: Checksum): Uint8Array {
  const { length, exact, rounded, resumes } = lines;
  const columns: readonly (Float64Array | Float32Array)[] = [...exact, ...rounded];
  const resumed = Float64Array.from(resumes.flatMap(({ row, step, time }) => [row, step, time]));
  const parts = [...columns, resumed];
  const size = BLOCK_HEAD + parts.reduce((sum, { byteLength }) => sum + aligned(byteLength), 0);
  const bytes = new Uint8Array(size);
  const head = new DataView(bytes.buffer);
  head.setUint32(0, size, true);
  head.setFloat64(8, textEnd, true);
  head.setUint32(16, textCrc, true);
  head.setUint32(20, length, true);
  head.setUint32(24, resumes.length, true);
  let at = BLOCK_HEAD;
  for (const part of parts) {
    bytes.set(swapped(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), part.BYTES_PER_ELEMENT), at);
    at += aligned(part.byteLength);
  }
  head.setUint32(4, checksum(bytes.subarray(UNCHECKED), 0), true);
  return bytes;
}

/**
 * @param file all bytes, at the beginning of their buffer
 * @returns what is whole of it; null: it is no such file, of another version, or lacks an axis
 */
export function readColumns(file: Uint8Array<ArrayBuffer>, checksum: Checksum): ColumnsRead | null {
  const headerEnd = file.subarray(0, LONGEST_HEADER).indexOf(NEWLINE) + 1;
  const columns = headerEnd % 8 === 0 ? readHeader(file.subarray(0, headerEnd)) : null;
  if (columns === null) return null;
  const blocks: ColumnsBlock[] = [];
  let at = headerEnd;
  for (let block = readBlock(file, at, columns, checksum); block !== null; ) {
    blocks.push(block);
    at += block.bytes;
    block = readBlock(file, at, columns, checksum);
  }
  return { blocks, wholeBytes: at, columns: ageOf(columns) };
}

function ageOf(columns: readonly Column[]): ColumnsRead["columns"] {
  const key = ({ name, type }: Column): string => `${name} ${type}`;
  const own = new Set(OWN_COLUMNS.map(key));
  if (columns.some((column) => !own.has(key(column)))) return "newer";
  return columns.length < OWN_COLUMNS.length ? "older" : "own";
}

function readHeader(bytes: Uint8Array): readonly Column[] | null {
  try {
    const { success, data } = headerSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    const has = (name: string) => data?.columns.some((column) => column.name === name && column.type === "float64");
    return success && EXACT_FIELDS.every(has) ? data.columns : null;
  } catch {
    return null;
  }
}

function readBlock(
  { buffer, length: end }: Uint8Array<ArrayBuffer>,
  begin: number,
  columns: readonly Column[],
  checksum: Checksum,
): (ColumnsBlock & { readonly bytes: number }) | null {
  if (begin + BLOCK_HEAD > end) return null;
  const head = new DataView(buffer, begin, BLOCK_HEAD);
  const bytes = head.getUint32(0, true);
  const length = head.getUint32(20, true);
  const resumes = head.getUint32(24, true);
  const sizes = columns.map(({ type }) => aligned(length * TYPES[type].BYTES_PER_ELEMENT));
  const size = sizes.reduce((sum, columnBytes) => sum + columnBytes, BLOCK_HEAD + 24 * resumes);
  if (bytes !== size || begin + size > end) return null;
  if (checksum(new Uint8Array(buffer, begin + UNCHECKED, size - UNCHECKED), 0) !== head.getUint32(4, true)) return null;
  const places = new Map<string, { readonly at: number; readonly type: Column["type"] }>();
  let at = begin + BLOCK_HEAD;
  for (const [i, { name, type }] of columns.entries()) {
    places.set(name, { at, type });
    at += sizes[i]!;
  }
  const values = <T extends Column["type"]>(name: string, type: T) => {
    const place = places.get(name);
    return place?.type === type ? view(buffer, place.at, length, type) : null;
  };
  const lines: PackedLines = {
    length,
    exact: EXACT_FIELDS.map((name) => values(name, "float64") as Float64Array),
    rounded: ROUNDED_FIELDS.map(
      (name) => (values(name, "float32") as Float32Array | null) ?? new Float32Array(length).fill(Number.NaN),
    ),
    resumes: readResumes(view(buffer, at, 3 * resumes, "float64") as Float64Array),
  };
  const isInOrder = [{ row: 0 }, ...lines.resumes, { row: length }].every(
    ({ row }, i, all) => Number.isInteger(row) && row >= (all[i - 1]?.row ?? 0),
  );
  if (!isInOrder) return null;
  return { lines, textEnd: head.getFloat64(8, true), textCrc: head.getUint32(16, true), bytes };
}

function readResumes(values: Float64Array): PackedResume[] {
  const resumes: PackedResume[] = [];
  for (let i = 0; i < values.length; i += 3) {
    resumes.push({ type: "resume", row: values[i]!, step: values[i + 1]!, time: values[i + 2]! });
  }
  return resumes;
}

function view(buffer: ArrayBuffer, at: number, length: number, type: Column["type"]): Float64Array | Float32Array {
  const Type = TYPES[type];
  if (!BIG_ENDIAN) return new Type(buffer, at, length);
  const bytes = new Uint8Array(buffer, at, length * Type.BYTES_PER_ELEMENT);
  return new Type(swapped(bytes, Type.BYTES_PER_ELEMENT).buffer);
}

const BIG_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;

/** Numbers of `width` bytes between the machine's order and the file's. */
export function swapped(bytes: Uint8Array, width: number, swaps: boolean = BIG_ENDIAN): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  if (swaps) for (let at = 0; at < copy.length; at += width) copy.subarray(at, at + width).reverse();
  return copy;
}
