/** Tensors as files of other programs hold them, and their values as float32. */
import { Damage } from "../damage.ts";
import type { NamedTensor } from "./tensor.ts";

/** A tensor in a file, read when it is asked for. */
export interface StoredTensor {
  readonly shape: readonly number[];
  /** row-major values in memory of their own */
  read(): Float32Array;
}

/** Bytes of an element, by the names that safetensors has for kinds of numbers. */
export const ELEMENT_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;
export type ElementKind = keyof typeof ELEMENT_BYTES;

export const isElementKind = (kind: string): kind is ElementKind => Object.hasOwn(ELEMENT_BYTES, kind);

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** @param bytes little-endian values */
export function asFloats(kind: ElementKind, bytes: Uint8Array): Float32Array {
  // float32 of this machine's order are their own bytes.
  if (kind === "F32" && LITTLE_ENDIAN) return new Float32Array(bytes.slice().buffer);
  const size = ELEMENT_BYTES[kind];
  const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Float32Array(bytes.length / size);
  const fill = (value: (at: number) => number): Float32Array => {
    for (let i = 0; i < out.length; i++) out[i] = value(i * size);
    return out;
  };
  switch (kind) {
    case "F32":
      return fill((at) => fields.getFloat32(at, true));
    case "F64":
      return fill((at) => fields.getFloat64(at, true));
    case "F16":
      return fill((at) => halfValue(fields.getUint16(at, true)));
    case "BF16":
      return fromBits(out, (i) => fields.getUint16(i * size, true) << 16);
    case "I64":
      return fill((at) => Number(fields.getBigInt64(at, true)));
    case "I32":
      return fill((at) => fields.getInt32(at, true));
    case "I16":
      return fill((at) => fields.getInt16(at, true));
    case "I8":
      return fill((at) => fields.getInt8(at));
    case "U8":
    case "BOOL":
      return fill((at) => fields.getUint8(at));
  }
}

/** bfloat16 is the upper half of a float32. */
function fromBits(out: Float32Array, bitsOf: (i: number) => number): Float32Array {
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < bits.length; i++) bits[i] = bitsOf(i);
  return out;
}

/** IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction. */
function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Elements of a shape. @throws Damage where it is none, or counts more than a file could hold */
export function countOf(shape: readonly number[]): number {
  const count = shape.reduce((product, size) => product * size, 1);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || !Number.isSafeInteger(count))
    throw new Damage(`a tensor has the shape [${shape}]`);
  return count;
}

export const asNamed = (name: string, tensor: StoredTensor): NamedTensor => ({
  name,
  shape: tensor.shape,
  data: tensor.read(),
});

/** Another tensor with values made of one's. */
export const derived = (
  tensor: StoredTensor,
  shape: readonly number[],
  change: (values: Float32Array) => Float32Array,
): StoredTensor => ({ shape, read: () => change(tensor.read()) });
