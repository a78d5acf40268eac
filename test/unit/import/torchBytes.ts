/** Files as torch.save writes them, byte by byte: also such as it would never write. */
export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const u16 = (value: number): number[] => [value & 255, value >>> 8];
export const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)];

/** Opcodes of pickles. */
export const op = {
  proto: (version: number) => [0x80, version],
  global: (name: string) => join([0x63], text(`${name.replace(/\.(?=[^.]*$)/, "\n")}\n`)),
  unicode: (value: string) => join([0x58], u32(text(value).length), text(value)),
  int: (value: number) => [0x4a, ...u32(value)],
  put: (index: number) => [0x71, index],
  get: (index: number) => [0x68, index],
  mark: [0x28],
  tuple: [0x74],
  tuple1: [0x85],
  emptyTuple: [0x29],
  emptyList: [0x5d],
  emptyDict: [0x7d],
  append: [0x61],
  setItem: [0x73],
  none: [0x4e],
  false: [0x89],
  reduce: [0x52],
  build: [0x62],
  persistent: [0x51],
  dup: [0x32],
  stop: [0x2e],
} as const;

/** A tuple of what is pushed. */
export const tuple = (...items: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  join(op.mark, ...items, op.tuple);

export const storage = (key: string, elements: number, kind = "torch.FloatStorage"): Uint8Array =>
  join(
    tuple(op.unicode("storage"), op.global(kind), op.unicode(key), op.unicode("cpu"), op.int(elements)),
    op.persistent,
  );

export interface View {
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

export const tensor = (of: Uint8Array, { offset = 0, shape, strides }: View): Uint8Array =>
  join(
    op.global("torch._utils._rebuild_tensor_v2"),
    tuple(of, op.int(offset), tuple(...shape.map(op.int)), tuple(...strides.map(op.int)), op.false, op.none),
    op.reduce,
  );

export const dict = (entries: Readonly<Record<string, Uint8Array | readonly number[]>>): Uint8Array =>
  join(op.emptyDict, ...Object.entries(entries).flatMap(([key, value]) => [op.unicode(key), value, op.setItem]));

export const pickle = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  join(op.proto(2), ...parts, op.stop);

export interface Entry {
  readonly bytes: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  /** what the directory says instead */
  readonly size?: number;
}

/** A zip archive. */
export function zip(entries: Readonly<Record<string, Uint8Array | Entry>>): Uint8Array {
  const local: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const [name, given] of Object.entries(entries)) {
    const {
      bytes,
      method = 0,
      flags = 0,
      size = bytes.length,
    } = given instanceof Uint8Array ? { bytes: given } : given;
    const fields = [...u16(20), ...u16(flags), ...u16(method), ...u32(0), ...u32(0), ...u32(size), ...u32(size)];
    const head = join(text("PK\x03\x04"), fields, u16(text(name).length), u16(0), text(name), bytes);
    directory.push(
      join(
        text("PK\x01\x02"),
        u16(20),
        fields,
        u16(text(name).length),
        u16(0),
        u16(0),
        u16(0),
        u16(0),
        u32(0),
        u32(at),
        text(name),
      ),
    );
    local.push(head);
    at += head.length;
  }
  const list = join(...directory);
  const count = u16(directory.length);
  return join(...local, list, text("PK\x05\x06"), u16(0), u16(0), count, count, u32(list.length), u32(at), u16(0));
}

export const floats = (...values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

/** As torch.save lays it out. */
export const torchFile = (
  data: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = {},
  more: Readonly<Record<string, Uint8Array | Entry>> = {},
): Uint8Array =>
  zip({
    "archive/data.pkl": data,
    ...Object.fromEntries(Object.entries(storages).map(([key, bytes]) => [`archive/data/${key}`, bytes])),
    "archive/version": text("3\n"),
    ...more,
  });
