/** Encodes a WebAssembly module: just enough of the binary format for loops of SIMD arithmetic. */

export const I32 = 0x7f;
export const F32 = 0x7d;
export const F64 = 0x7c;
export const V128 = 0x7b;

export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly number[];
  readonly results: readonly number[];
  /** types of the local variables after the parameters */
  readonly locals: readonly number[];
  readonly body: readonly number[];
}

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = rest & 0x7f;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? byte | 0x80 : byte);
  } while (rest > 0);
  return bytes;
}

/** Instructions by their names in the specification. */
export const op = {
  get: (local: number) => [0x20, ...leb(local)],
  set: (local: number) => [0x21, ...leb(local)],
  tee: (local: number) => [0x22, ...leb(local)],
  /** small non-negative constants only */
  i32Const: (value: number) => [0x41, ...(value < 64 ? [value] : [(value & 0x7f) | 0x80, value >> 7])],
  i32Add: [0x6a],
  i32LessUnsigned: [0x49],
  f64Add: [0xa0],
  load: (offset = 0) => [0xfd, 0x00, 0x04, ...leb(offset)],
  store: (offset = 0) => [0xfd, 0x0b, 0x04, ...leb(offset)],
  splat: [0xfd, 0x13],
  f64x2ExtractLane: (lane: number) => [0xfd, 0x21, lane],
  promoteLow: [0xfd, 0x5f],
  /** high two of the four floats moved to the low half */
  highHalf: [0xfd, 0x0d, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15],
  sqrt: [0xfd, 0xe3, 0x01],
  add: [0xfd, 0xe4, 0x01],
  sub: [0xfd, 0xe5, 0x01],
  mul: [0xfd, 0xe6, 0x01],
  div: [0xfd, 0xe7, 0x01],
  f64x2Add: [0xfd, 0xf0, 0x01],
  f64x2Mul: [0xfd, 0xf2, 0x01],
  /** repeats the body while it leaves 1 on the stack */
  loop: (...body: number[]) => [0x03, 0x40, ...body, 0x0d, 0x00, 0x0b],
} as const;

/** Bytes of a module that imports its memory as `env.memory` and exports the functions by name. */
export function encodeModule(functions: readonly WasmFunction[], memoryPages: number): Uint8Array<ArrayBuffer> {
  const name = (text: string) => [...leb(text.length), ...new TextEncoder().encode(text)];
  const vector = (items: readonly (readonly number[])[]) => [...leb(items.length), ...items.flat()];
  const section = (id: number, content: readonly number[]) => [id, ...leb(content.length), ...content];
  const types = functions.map((f) => [
    0x60,
    ...vector(f.parameters.map((t) => [t])),
    ...vector(f.results.map((t) => [t])),
  ]);
  const code = functions.map((f) => {
    const locals = vector(f.locals.map((type) => [1, type]));
    const body = [...locals, ...f.body, 0x0b];
    return [...leb(body.length), ...body];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector(types)),
    ...section(2, vector([[...name("env"), ...name("memory"), 0x02, 0x00, ...leb(memoryPages)]])),
    ...section(3, vector(functions.map((_, i) => leb(i)))),
    ...section(7, vector(functions.map((f, i) => [...name(f.name), 0x00, ...leb(i)]))),
    ...section(10, vector(code)),
  ]);
}
