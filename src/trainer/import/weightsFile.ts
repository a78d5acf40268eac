/** Opens files of weights that other programs wrote: those of torch.save, and safetensors. */
import { closeSync, fstatSync, openSync } from "node:fs";
import { Damage } from "../../core/damage.ts";
import { UserError } from "../../core/errors.ts";
import { type Flat, flatten } from "../../core/import/flatten.ts";
import { asFloats, countOf, type StoredTensor } from "../../core/model/storedTensor.ts";
import { readTorchFile } from "../../core/torchFile/torchFile.ts";
import type { ReadAt } from "../../core/torchFile/zip.ts";
import { READ_AT_ONCE } from "../../node/run/readText.ts";
import { readFully, readSafetensorsHeader } from "../../node/run/safetensorsHeader.ts";
import { inputError } from "./inputError.ts";

export interface WeightsFile extends Flat {
  close(): void;
}

/** Tensors that share their values come to more than the file holds; those of no training come to so much more. */
const MOST_TIMES = 8;
const SMALL = 2 ** 24;

const OLD_FORMAT =
  "it is in the format of PyTorch before 1.6 (or a bare pickle), which cannot be read in parts. Save it again: " +
  `python -c "import torch; torch.save(torch.load('OLD', map_location='cpu', weights_only=True), 'NEW')"`;

/** @throws UserError where it is no such file, or holds anything but tensors and plain containers */
export function openWeights(path: string): WeightsFile {
  let fd: number | null = null;
  try {
    fd = openSync(path, READ_AT_ONCE);
    const found = fstatSync(fd);
    if (!found.isFile()) throw new UserError(`${path} is no file. Name a file of weights, or a configuration (*.yml).`);
    const opened = fd;
    const readAt: ReadAt = (offset, length) => readPart(opened, found.size, offset, length);
    const flat = contents(fd, path, readAt, found.size);
    return { ...flat, tensors: bounded(flat.tensors, path, found.size), close: () => closeSync(opened) };
  } catch (error) {
    if (fd !== null) closeSync(fd);
    throw inputError(path, error);
  }
}

function contents(fd: number, path: string, readAt: ReadAt, fileBytes: number): Flat {
  const first = readAt(0, Math.min(4, fileBytes));
  if (first[0] === 0x50 && first[1] === 0x4b) return flatten(readTorchFile(readAt, fileBytes));
  if (first[0] === 0x80) throw new Damage(OLD_FORMAT);
  if (!/\.safetensors$/i.test(path))
    throw new Damage("it is neither a file of torch.save, nor safetensors, nor a configuration (*.yml)");
  const { entries, metadata, bytes } = readSafetensorsHeader(fd);
  const tensors = entries.map(({ name, kind, shape, begin, end }) => {
    const read = () => asFloats(kind, readAt(bytes.length + begin, end - begin));
    return [name, { shape, read }] as const;
  });
  return { tensors: new Map(tensors), plain: new Map(Object.entries(metadata)) };
}

function readPart(fd: number, fileBytes: number, offset: number, length: number): Uint8Array {
  if (offset < 0 || offset + length > fileBytes) throw new Damage("it was cut short");
  const bytes = new Uint8Array(length);
  readFully(fd, bytes, offset);
  return bytes;
}

/** The same tensors, of which no more can be read than a file of this size brings along. */
function bounded(tensors: Flat["tensors"], path: string, fileBytes: number): Flat["tensors"] {
  let left = MOST_TIMES * fileBytes + SMALL;
  const limit = (tensor: StoredTensor): StoredTensor => ({
    shape: tensor.shape,
    read() {
      left -= 4 * countOf(tensor.shape);
      if (left < 0)
        throw new UserError(`${path} cannot be imported: its tensors share values, and come to many times its size.`);
      try {
        return tensor.read();
      } catch (error) {
        throw inputError(path, error);
      }
    },
  });
  return new Map([...tensors].map(([name, tensor]) => [name, limit(tensor)]));
}
