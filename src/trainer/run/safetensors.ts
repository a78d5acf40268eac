/**
 * Reads and writes safetensors files (public format): header length as 8 bytes little-endian, a JSON header padded with spaces to a
 * multiple of 8, then the values of all tensors without gaps. float32 only: that is what this project's checkpoints hold.
 */
import { closeSync, fstatSync, fsyncSync, openSync, readSync } from "node:fs";
import * as z from "zod";
import { UserError } from "../../core/errors.ts";
import { elementCount, type NamedTensor } from "../../core/run/tensor.ts";
import { crc32, crcHex } from "../../node/run/crc32.ts";
import { asDiskError } from "../../node/run/diskError.ts";
import { errorCode, writeFully } from "../../node/run/files.ts";

/** The format's own limit. */
const LARGEST_HEADER = 100_000_000;
const CHUNK_BYTES = 16 * 2 ** 20;
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

export interface FileIntegrity {
  readonly bytes: number;
  /** 8 hex digits */
  readonly crc32: string;
}

export interface SafetensorsFile {
  readonly tensors: Map<string, NamedTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly integrity: FileIntegrity;
}

function header(tensors: readonly NamedTensor[], metadata: Readonly<Record<string, string>>): Buffer {
  const entries = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) entries.set("__metadata__", metadata);
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    if (name === "__metadata__" || entries.has(name)) throw new RangeError(`two tensors or metadata named ${name}`);
    if (elementCount(shape) !== data.length)
      throw new RangeError(`${name}: ${data.length} values for shape [${shape}]`);
    entries.set(name, { dtype: "F32", shape, data_offsets: [offset, offset + data.byteLength] });
    offset += data.byteLength;
  }
  // Built by hand so that a tensor may bear any name, "__proto__" included.
  const json = `{${Array.from(entries, ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
  const length = Math.ceil(Buffer.byteLength(json) / 8) * 8;
  const bytes = Buffer.alloc(8 + length, " ");
  bytes.writeBigUInt64LE(BigInt(length));
  bytes.write(json, 8);
  return bytes;
}

/** The values as bytes, little-endian; a view of the same memory where the machine is. */
function* chunks(data: Float32Array): Generator<Uint8Array> {
  for (let at = 0; at < data.byteLength; at += CHUNK_BYTES) {
    const view = new Uint8Array(data.buffer, data.byteOffset + at, Math.min(CHUNK_BYTES, data.byteLength - at));
    yield LITTLE_ENDIAN ? view : Buffer.from(view).swap32();
  }
}

/** Size in bytes of the file that writeSafetensors would write. */
export function safetensorsBytes(tensors: readonly NamedTensor[], metadata: Readonly<Record<string, string>>): number {
  return tensors.reduce((sum, { data }) => sum + data.byteLength, header(tensors, metadata).length);
}

/**
 * Writes a file and flushes it to the disk. Tensors stand in the order given; their memory is written as it is, without a copy.
 * @param onProgress called after every chunk (16 MiB at most)
 * @throws UserError if the disk refuses; RangeError for a name twice or a shape that does not fit its values
 */
export function writeSafetensors(
  path: string,
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
  onProgress: () => void = () => {},
): FileIntegrity {
  const head = header(tensors, metadata);
  try {
    const fd = openSync(path, "w");
    try {
      writeFully(fd, head);
      let crc = crc32(head, 0);
      let bytes = head.length;
      for (const { data } of tensors) {
        for (const chunk of chunks(data)) {
          writeFully(fd, chunk);
          crc = crc32(chunk, crc);
          bytes += chunk.length;
          onProgress();
        }
      }
      fsyncSync(fd);
      onProgress();
      return { bytes, crc32: crcHex(crc) };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw asDiskError(error, { path, bytes: safetensorsBytes(tensors, metadata) });
  }
}

const size = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const entrySchema = z.object({ dtype: z.string(), shape: z.array(size).max(32), data_offsets: z.tuple([size, size]) });
const metadataSchema = z.record(z.string(), z.string());

interface Entry {
  readonly name: string;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

/** What is wrong with a file, without its name. */
class Damage extends Error {}

function readFully(fd: number, into: Uint8Array): void {
  for (let at = 0; at < into.length; ) {
    const taken = readSync(fd, into, at, Math.min(into.length - at, CHUNK_BYTES), null);
    if (taken === 0) throw new Damage("it ends too early");
    at += taken;
  }
}

function parseHeader(text: string, dataBytes: number): { entries: Entry[]; metadata: Record<string, string> } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Damage("its header is not valid JSON");
  }
  if (!text.startsWith("{") || typeof json !== "object" || json === null)
    throw new Damage("its header is no JSON object");
  const entries: Entry[] = [];
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
    if (dtype !== "F32") {
      throw new Damage(`tensor ${name} is ${dtype}, and only F32 can be read; save the weights as float32`);
    }
    const [begin, end] = data_offsets;
    if (end - begin !== 4 * elementCount(shape)) {
      throw new Damage(`tensor ${name} of shape [${shape}] cannot fill bytes ${begin} to ${end}`);
    }
    entries.push({ name, shape, begin, end });
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

function read(fd: number): SafetensorsFile {
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
  let crc = crc32(headBytes, crc32(lengthBytes, 0));
  const { entries, metadata } = parseHeader(text, fileBytes - 8 - length);
  const tensors = new Map<string, NamedTensor>();
  for (const { name, shape, begin, end } of entries) {
    const data = new Float32Array((end - begin) / 4);
    const bytes = Buffer.from(data.buffer);
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES);
      readFully(fd, chunk);
      crc = crc32(chunk, crc);
    }
    if (!LITTLE_ENDIAN) bytes.swap32();
    tensors.set(name, { name, shape, data });
  }
  return { tensors, metadata, integrity: { bytes: fileBytes, crc32: crcHex(crc) } };
}

/**
 * Reads a file whole; every tensor gets memory of its own. Tensors stand in the order of their bytes.
 * @throws UserError if there is no such file, or if it is damaged or holds anything but float32
 */
export function readSafetensors(path: string): SafetensorsFile {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    throw readError(path, error);
  }
  try {
    return read(fd);
  } catch (error) {
    throw readError(path, error);
  } finally {
    closeSync(fd);
  }
}

function readError(path: string, error: unknown): unknown {
  const code = errorCode(error);
  if (error instanceof Damage) {
    return new UserError(`${path} is not a readable safetensors file: ${error.message}. Take another checkpoint.`);
  }
  if (code === "ENOENT") return new UserError(`${path} does not exist. Check the path.`);
  if (code === "EISDIR") return new UserError(`${path} is a folder. Name a safetensors file.`);
  if (code === "EACCES" || code === "EPERM") return new UserError(`${path} may not be read: permission denied.`);
  return code === undefined ? error : new UserError(`${path} cannot be read (${code}).`, "failure");
}
