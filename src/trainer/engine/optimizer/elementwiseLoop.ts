/**
 * An elementwise graph as one loop of WebAssembly SIMD: a single pass over the arrays, where plain JavaScript took more than three
 * times as long and ONNX Runtime, which goes through memory once for every node, as much. Float32 arithmetic in the graph's order,
 * so results are the same on every machine.
 */
import { type Graph, type GraphNode, sizeOf } from "../../../core/model/graph/graph.ts";

const [I32, F32, V128, F32X4, FUNCTION] = [0x7f, 0x7d, 0x7b, 0xfd, 0x60];
/** Elements that an instruction takes. */
export const LANES = 4;

/** The instructions in use, by their names in the specification. */
const op = {
  get: (local: number) => [0x20, ...leb(local)],
  set: (local: number) => [0x21, ...leb(local)],
  /** small constants only */
  i32Const: (value: number) => [0x41, value],
  i32Add: [0x6a],
  i32LessUnsigned: [0x49],
  load: [F32X4, 0x00, 0x04, 0],
  store: [F32X4, 0x0b, 0x04, 0],
  splat: [F32X4, 0x13],
  sqrt: [F32X4, 0xe3, 0x01],
  add: [F32X4, 0xe4, 0x01],
  sub: [F32X4, 0xe5, 0x01],
  mul: [F32X4, 0xe6, 0x01],
  div: [F32X4, 0xe7, 0x01],
  /** repeats the body while it leaves 1 on the stack */
  loop: (...body: number[]) => [0x03, 0x40, ...body, 0x0d, 0x00, 0x0b],
} as const;

/**
 * @param pointers addresses in bytes of the inputs and then the outputs of LANES elements, in the graph's order; two may be the same
 * @param count elements, a multiple of LANES
 * @param scalars inputs of one element, in the graph's order
 */
export type ElementwiseLoop = (pointers: readonly number[], count: number, scalars: readonly number[]) => void;

/**
 * Compiles the loop over a memory.
 * @param graph of operations on arrays of LANES elements, which stand for any number of them, and of one
 * @throws RangeError for another operation
 */
export function elementwiseLoop(graph: Graph, memory: WebAssembly.Memory): ElementwiseLoop {
  const isScalar = (tensor: { readonly shape: readonly number[] }): boolean => sizeOf(tensor.shape) === 1;
  const scalars = graph.inputs.filter(({ tensor }) => isScalar(tensor));
  const arrays = graph.inputs.filter(({ tensor }) => !isScalar(tensor));
  const pointers = arrays.length + graph.outputs.length;
  // Parameters: the pointers, where the first one ends, and the scalars. Then a local variable for each tensor.
  const parameters = pointers + 1 + scalars.length;
  const local = (tensor: { readonly id: number }): number => parameters + tensor.id;
  const tensors = graph.inputs.length + graph.nodes.length;
  const body = [
    ...scalars.flatMap(({ tensor }, i) => [...op.get(pointers + 1 + i), ...op.splat, ...op.set(local(tensor))]),
    ...op.loop(
      ...arrays.flatMap(({ tensor }, i) => [...op.get(i), ...op.load, ...op.set(local(tensor))]),
      ...graph.nodes.flatMap((node) => instructions(node, local)),
      ...graph.outputs.flatMap(({ tensor }, i) => [
        ...op.get(arrays.length + i),
        ...op.get(local(tensor)),
        ...op.store,
      ]),
      ...Array.from({ length: pointers }, (_, i) => [
        ...op.get(i),
        ...op.i32Const(4 * LANES),
        ...op.i32Add,
        ...op.set(i),
      ]).flat(),
      ...[...op.get(0), ...op.get(pointers), ...op.i32LessUnsigned],
    ),
  ];
  const types = Array.from({ length: parameters }, (_, i) => [i <= pointers ? I32 : F32]);
  const bytes = moduleOf(types, tensors, body, memory.buffer.byteLength / 65536);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const run = exports["run"] as (...values: number[]) => void;
  return (addresses, count, values) => run(...addresses, addresses[0]! + 4 * count, ...values);
}

function instructions({ operation, inputs, outputs }: GraphNode, local: (tensor: { id: number }) => number): number[] {
  const { kind } = operation;
  if (kind !== "add" && kind !== "sub" && kind !== "mul" && kind !== "div" && kind !== "sqrt") {
    throw new RangeError(`${kind} is not among the operations of an elementwise loop`);
  }
  return [...inputs.flatMap((input) => op.get(local(input))), ...op[kind], ...op.set(local(outputs[0]!))];
}

/** Unsigned LEB128. */
function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)];
}

/** Bytes of a module that imports its memory as `env.memory` and exports one function, `run`, with so many vectors as variables. */
function moduleOf(parameters: number[][], vectors: number, body: number[], pages: number): Uint8Array<ArrayBuffer> {
  const name = (text: string) => [...leb(text.length), ...new TextEncoder().encode(text)];
  const vector = (items: readonly (readonly number[])[]) => [...leb(items.length), ...items.flat()];
  const section = (id: number, content: readonly number[]) => [id, ...leb(content.length), ...content];
  const code = [...vector([[...leb(vectors), V128]]), ...body, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector([[FUNCTION, ...vector(parameters), ...vector([])]])),
    ...section(2, vector([[...name("env"), ...name("memory"), 0x02, 0x00, ...leb(pages)]])),
    ...section(3, vector([[0]])),
    ...section(7, vector([[...name("run"), 0x00, 0]])),
    ...section(10, vector([[...leb(code.length), ...code]])),
  ]);
}
