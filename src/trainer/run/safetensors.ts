/**
 * Reads and writes safetensors files (public format): header length as 8 bytes little-endian, a JSON header padded with spaces to a
 * multiple of 8, then the values of all tensors without gaps. Written is float32, which this project's checkpoints hold; others are
 * read, too, and become float32.
 */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { Damage } from "../../core/damage.ts";
import { UserError } from "../../core/errors.ts";
import { sizeOf } from "../../core/model/graph/graph.ts";
import { asFloats } from "../../core/model/storedTensor.ts";
import type { NamedTensor } from "../../core/model/tensor.ts";
import { crc32, crcHex } from "../../node/run/crc32.ts";
import { asDiskError } from "../../node/run/diskError.ts";
import { errorCode, writeFully } from "../../node/run/files.ts";
import { readFully, readSafetensorsHeader } from "../../node/run/safetensorsHeader.ts";

/** So much is written or read at once. */
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
    if (sizeOf(shape) !== data.length) throw new RangeError(`${name}: ${data.length} values for shape [${shape}]`);
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

function read(fd: number): SafetensorsFile {
  const { entries, metadata, bytes: head, fileBytes } = readSafetensorsHeader(fd);
  let crc = crc32(head, 0);
  const tensors = new Map<string, NamedTensor>();
  for (const { name, kind, shape, begin, end } of entries) {
    const bytes = new Uint8Array(end - begin);
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES);
      readFully(fd, chunk);
      crc = crc32(chunk, crc);
    }
    // float32 of this machine's order are the file's own bytes.
    const data = kind === "F32" && LITTLE_ENDIAN ? new Float32Array(bytes.buffer) : asFloats(kind, bytes);
    tensors.set(name, { name, shape, data });
  }
  return { tensors, metadata, integrity: { bytes: fileBytes, crc32: crcHex(crc) } };
}

/**
 * Reads a file whole; every tensor gets memory of its own. Tensors stand in the order of their bytes.
 * @throws UserError if there is no such file, or if it is damaged or holds numbers of a kind that is not read
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
