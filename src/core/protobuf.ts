/** Writes and reads protocol-buffer messages: the few wire types that ONNX models and TensorBoard's events need. */

export class ProtobufWriter {
  private readonly chunks: Uint8Array[] = [];

  /** Field of type int32, int64, bool or enum; value >= 0 or a safe negative integer. */
  integer(field: number, value: number): this {
    this.chunks.push(varint(field << 3), varint(value));
    return this;
  }

  /** Field of type float. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.chunks.push(varint((field << 3) | 5), bytes);
    return this;
  }

  /** Field of type double. */
  double(field: number, value: number): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    this.chunks.push(varint((field << 3) | 1), bytes);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    this.chunks.push(varint((field << 3) | 2), varint(value.length), value);
    return this;
  }

  /** Sub-message. */
  message(field: number, write: (writer: ProtobufWriter) => void): this {
    const inner = new ProtobufWriter();
    write(inner);
    return this.bytes(field, inner.finish());
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.chunks.reduce((total, chunk) => total + chunk.length, 0));
    let offset = 0;
    for (const chunk of this.chunks) {
      out.set(chunk, offset);
      offset += chunk.length;
    }
    return out;
  }
}

/** A field as it lies in a message: an integer, or the bytes of anything else. */
export interface ProtobufField {
  readonly field: number;
  readonly value: number | Uint8Array;
}

const FIXED_BYTES: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/**
 * The fields of a message in their order; those of sub-messages are read from their bytes.
 * @throws RangeError where it is no message
 */
export function* readProtobuf(message: Uint8Array): Generator<ProtobufField> {
  let at = 0;
  const integer = (): number => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined || shift > 63n) throw new RangeError("a message that ends within a number");
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(BigInt.asIntN(64, value));
    }
  };
  while (at < message.length) {
    const key = integer();
    const wire = key & 7;
    if (wire === 0) {
      yield { field: key >>> 3, value: integer() };
      continue;
    }
    const length = wire === 2 ? integer() : (FIXED_BYTES[wire] ?? Number.NaN);
    if (!(length >= 0 && at + length <= message.length)) throw new RangeError(`no field of ${length} bytes at ${at}`);
    yield { field: key >>> 3, value: message.subarray(at, at + length) };
    at += length;
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  if (value < 0) {
    // As 64 bits, the highest of which is 1.
    const whole = BigInt.asUintN(64, BigInt(value));
    for (let shift = 0n; shift < 63n; shift += 7n) bytes.push(Number((whole >> shift) & 127n) | 128);
    rest = 1;
  }
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
