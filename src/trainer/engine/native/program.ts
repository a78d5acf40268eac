/** Compiles a graph to the instructions of kernels/step.c, every tensor's place included. */
import { UserError } from "../../../core/errors.ts";
import { freeId, type Graph, type GraphNode, sizeOf, type Tensor } from "../../../core/model/graph/graph.ts";
import { INSTRUCTIONS, type Instruction } from "./instructions.ts";
import {
  areLeading,
  areTrailing,
  BROADCAST,
  broadcastOf,
  headRows,
  leading,
  type NormRows,
  rowsOf,
  wholeRows,
} from "./kernelViews.ts";
import { Layout } from "./layout.ts";
import { type Learned, MOMENTS, momentName, type Order, orderOf } from "./updates.ts";

/** In the order of the enums in kernels/kernels.h. */
const BINARY = ["add", "sub", "mul"] as const;
const UNARY = ["scale", "shift", "subtractFrom", "erf", "exp", "sigmoid", "rsqrt", "erfGate", "copy"] as const;
const NOTHING = -(2 ** 31);
/** Words have 32 bits. */
const MOST = 2 ** 31 - 1;
const CODES = new Map(Object.keys(INSTRUCTIONS).map((name, code) => [name, code]));

export interface NativeProgram {
  readonly words: Int32Array;
  /** how many the words make up */
  readonly instructions: number;
  readonly arenaFloats: number;
  /**
   * names of the graph's inputs, then outputs, then the moments of what is learned (momentName), in the order in which the
   * program takes their arrays
   */
  readonly arrays: readonly string[];
  /** elements of each of them */
  readonly lengths: readonly number[];
  /** how many of them are inputs */
  readonly inputs: number;
}

/**
 * @param learned weights that the program can update as soon as it is done with them; null for none
 * @throws RangeError where the graph holds something that the kernels do not have; UserError where a tensor is too large for them
 */
export function compileProgram(graph: Graph, learned: Learned | null = null): NativeProgram {
  return new Compiler(withPlainSums(graph), learned).compile();
}

/** Bytes of the activations and of everything else that a graph computes on its way. */
export function arenaBytes(graph: Graph): number {
  return new Layout(withPlainSums(graph)).arenaFloats * 4;
}

/** The graph in which sums are over the first axes, or the last: others are sums over the first of a transposed tensor. */
function withPlainSums(graph: Graph): Graph {
  let nextId = freeId(graph);
  const nodes = graph.nodes.flatMap((node): GraphNode[] => {
    const { operation, inputs } = node;
    const x = inputs[0]!;
    if (operation.kind !== "sum" || areLeading(operation.axes) || areTrailing(operation.axes, x.shape.length))
      return [node];
    const { axes } = operation;
    const permutation = [...axes, ...x.shape.map((_, i) => i).filter((axis) => !axes.includes(axis))];
    const shape = permutation.map((axis) => x.shape[axis]!);
    const turned: Tensor = { id: nextId++, shape, dtype: x.dtype };
    return [
      { operation: { kind: "transpose", permutation }, inputs: [x], outputs: [turned] },
      { ...node, operation: { ...operation, axes: axes.map((_, i) => i) }, inputs: [turned] },
    ];
  });
  return { ...graph, nodes };
}

class Compiler {
  private readonly words: number[] = [];
  private instructions = 0;
  private readonly bits = new DataView(new ArrayBuffer(4));
  private readonly layout: Layout;
  private readonly order: Order;

  constructor(
    private readonly graph: Graph,
    private readonly learned: Learned | null,
  ) {
    this.layout = new Layout(graph);
    this.order = orderOf(graph, this.layout);
  }

  compile(): NativeProgram {
    const { inputs, nodes } = this.graph;
    const afterwards = this.afterwards();
    nodes.forEach((node, at) => {
      this.node(node);
      for (const emit of afterwards.get(at) ?? []) emit();
    });
    return {
      words: Int32Array.from(this.words),
      instructions: this.instructions,
      arenaFloats: this.layout.arenaFloats,
      ...this.arrays(),
      inputs: inputs.length,
    };
  }

  /** What follows on a node, by its place: outputs are delivered, the loss is judged, weights are updated. */
  private afterwards(): Map<number, (() => void)[]> {
    const { inputs, outputs } = this.graph;
    const result = new Map<number, (() => void)[]>();
    const after = (at: number, emit: () => void) => result.set(at, [...(result.get(at) ?? []), emit]);
    outputs.forEach(({ tensor, additive }, i) => {
      after(this.order.writtenAt(tensor), () => this.deliver(tensor, additive ?? false, -1 - (inputs.length + i)));
    });
    if (!this.learned) return result;
    const loss = this.outputNamed(this.learned.loss).tensor;
    const judged = this.order.writtenAt(loss);
    after(judged, () => this.emit("judge", sizeOf(loss.shape), this.at(loss)));
    this.learned.weights.forEach(({ parameter, gradient }, i) => {
      const input = inputs.findIndex(({ name }) => name === parameter);
      const weights = inputs[input]!.tensor;
      const slope = this.outputNamed(gradient);
      const moments = MOMENTS.map((_, k) => -1 - (inputs.length + outputs.length + MOMENTS.length * i + k));
      const at = Math.max(judged, this.order.lastReadAt(weights), this.order.writtenAt(slope.tensor));
      after(at, () =>
        this.emit("update", -1 - input, -1 - (inputs.length + slope.index), ...moments, sizeOf(weights.shape)),
      );
    });
    return result;
  }

  private arrays(): { arrays: string[]; lengths: number[] } {
    const { inputs, outputs } = this.graph;
    const named = [...inputs, ...outputs].map(({ name, tensor }) => ({ name, length: sizeOf(tensor.shape) }));
    const lengths = new Map(named.map(({ name, length }) => [name, length]));
    const moments = (this.learned?.weights ?? []).flatMap(({ parameter }) =>
      MOMENTS.map((moment) => ({ name: momentName(moment, parameter), length: lengths.get(parameter)! })),
    );
    const all = [...named, ...moments];
    return { arrays: all.map(({ name }) => name), lengths: all.map(({ length }) => length) };
  }

  private outputNamed(name: string): { readonly tensor: Tensor; readonly index: number } {
    const index = this.graph.outputs.findIndex((output) => output.name === name);
    return { tensor: this.graph.outputs[index]!.tensor, index };
  }

  private deliver(tensor: Tensor, additive: boolean, array: number): void {
    if (this.at(tensor) === array) return;
    const count = sizeOf(tensor.shape);
    if (additive) this.emit("deliver", count, this.at(tensor), array);
    else this.emit("unary", UNARY.indexOf("copy"), this.float(0), count, this.at(tensor), array);
  }

  private at(tensor: Tensor): number {
    return this.layout.at(tensor);
  }

  private float(value: number): number {
    this.bits.setFloat32(0, value);
    return this.bits.getInt32(0);
  }

  private emit(instruction: Instruction, ...words: readonly number[]): void {
    if (words.length !== INSTRUCTIONS[instruction]) throw new RangeError(`${words.length} words for ${instruction}`);
    const wrong = words.find((word) => !Number.isInteger(word) || word < NOTHING || word > MOST);
    if (wrong !== undefined) {
      throw new UserError(
        `The backend native takes tensors of up to ${MOST} numbers, and a pass has one of ${wrong}. Lower micro_batch_size or, in ` +
          "sampling, the number of images drawn together.",
      );
    }
    this.instructions++;
    this.words.push(CODES.get(instruction)!, ...words);
  }

  private node(node: GraphNode): void {
    const { operation, inputs, outputs } = node;
    const [a, b] = inputs as [Tensor, Tensor];
    const out = outputs[0]!;
    switch (operation.kind) {
      case "reshape":
        return;
      case "linear":
      case "matmul":
        if (!this.layout.guestOf(out)) this.product(node, out, null);
        return;
      case "add":
      case "sub":
      case "mul": {
        const guests = inputs.map((input) => this.layout.guestOf(input));
        const side = guests.findIndex((guest) => guest !== undefined);
        if (side >= 0) this.product(guests[side]!, out, inputs[1 - side]!);
        else this.binary(operation.kind, a, b, out);
        return;
      }
      case "scale":
        this.unary("scale", operation.factor, a, out);
        return;
      case "shift":
      case "subtractFrom":
        this.unary(operation.kind, operation.term, a, out);
        return;
      case "erf":
      case "exp":
      case "sigmoid":
      case "rsqrt":
      case "erfGate":
        this.unary(operation.kind, 0, a, out);
        return;
      case "erfGateGradient":
        this.emit("gateGradient", sizeOf(out.shape), this.at(a), this.at(b), this.at(out));
        return;
      case "siluGate":
      case "siluGateGradient":
        this.emit(operation.kind, ...rowsOf(a), ...this.places(node));
        return;
      case "div":
      case "sqrt":
        throw new RangeError("the kernels have an update of their own");
      case "transpose":
        this.transpose(a, operation.permutation, out);
        return;
      case "split":
        this.parts(outputs, a, operation.axis, "from whole");
        return;
      case "concat":
        this.parts(inputs, out, operation.axis, "to whole");
        return;
      case "gatherRows":
        this.emit("gatherRows", b.shape[0]!, a.shape[1]!, a.shape[0]!, this.at(a), this.at(b), this.at(out));
        return;
      case "scatterAddRows":
        this.emit("scatterAddRows", b.shape[0]!, a.shape[1]!, operation.rows, this.at(a), this.at(b), this.at(out));
        return;
      case "sum":
        this.sum(a, operation.axes, out);
        return;
      case "softmax":
        this.emit("softmax", ...rowsOf(a), this.at(a), this.at(out));
        return;
      case "layerNorm": {
        const [x, gain, bias, y, mean, inverse] = this.places(node);
        this.emit("layerNorm", ...wholeRows(a), x!, gain!, bias!, y!, mean!, inverse!, this.float(operation.epsilon));
        return;
      }
      case "layerNormGradient":
        this.emit("layerNormGradient", ...wholeRows(a), ...this.places(node));
        return;
      case "rmsNorm": {
        const [x, gain, y, inverse] = this.places(node);
        this.rmsNorm(wholeRows(a), [x!, gain!, y!, inverse!], operation.epsilon);
        return;
      }
      case "rmsNormGradient": {
        const [dy, x, gain, inverse, dx, dGain] = this.places(node);
        this.rmsNormGradient(wholeRows(a), [dy!, x!, gain!, inverse!, dx!, dGain!]);
        return;
      }
      case "queryKeyNorm": {
        const [qkv, qGain, kGain, y, qInverse, kInverse] = this.places(node);
        this.rmsNorm(headRows(a, operation.heads, 0), [qkv!, qGain!, y!, qInverse!], operation.epsilon);
        this.rmsNorm(headRows(a, operation.heads, 1), [qkv!, kGain!, y!, kInverse!], operation.epsilon);
        this.copyValues(a, qkv!, y!);
        return;
      }
      case "queryKeyNormGradient": {
        const [dy, qkv, qGain, kGain, qInverse, kInverse, dQkv, dQGain, dKGain] = this.places(node);
        this.rmsNormGradient(headRows(a, operation.heads, 0), [dy!, qkv!, qGain!, qInverse!, dQkv!, dQGain!]);
        this.rmsNormGradient(headRows(a, operation.heads, 1), [dy!, qkv!, kGain!, kInverse!, dQkv!, dKGain!]);
        this.copyValues(a, dy!, dQkv!);
        return;
      }
      case "selfAttention":
      case "selfAttentionGradient": {
        const { batchSize, heads } = operation;
        const [rows, columns] = a.shape as [number, number];
        const sizes = [batchSize, rows / batchSize, heads, columns / 3 / heads];
        const kind = operation.kind === "selfAttention" ? "attention" : "attentionGradient";
        this.emit(kind, ...sizes, ...this.places(node));
        return;
      }
    }
  }

  private places({ inputs, outputs }: GraphNode): number[] {
    return [...inputs, ...outputs].map((tensor) => this.at(tensor));
  }

  /** layerNorm that does not centre: it has neither bias nor mean. */
  private rmsNorm(
    rows: NormRows,
    [x, gain, y, inverse]: readonly [number, number, number, number],
    epsilon: number,
  ): void {
    this.emit("layerNorm", ...rows, x, gain, NOTHING, y, NOTHING, inverse, this.float(epsilon));
  }

  /** @param places of dy, x, gain and inverse root, and of the gradients of x and gain */
  private rmsNormGradient(rows: NormRows, places: readonly [number, number, number, number, number, number]): void {
    const [dy, x, gain, inverse, dx, dGain] = places;
    this.emit("layerNormGradient", ...rows, dy, x, gain, NOTHING, inverse, dx, dGain, NOTHING);
  }

  /** The values, the last third of the columns. */
  private copyValues({ shape: [rows, columns] }: Tensor, from: number, to: number): void {
    const D = columns! / 3;
    this.emit("copyBlocks", rows!, D, from, 2 * D, columns!, to, 2 * D, columns!);
  }

  /** @param added of the shape of the product; null where nothing is */
  private product({ operation, inputs }: GraphNode, out: Tensor, added: Tensor | null): void {
    const [a, b, bias] = inputs as [Tensor, Tensor, Tensor | undefined];
    const isLinear = operation.kind === "linear";
    if (!isLinear && operation.kind !== "matmul") throw new RangeError(`${operation.kind} is no product`);
    const transA = isLinear ? false : operation.transA;
    const transB = isLinear ? true : operation.transB;
    const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
    const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
    const [m, k] = transA ? [aColumns, aRows] : [aRows, aColumns];
    const n = transB ? bRows : bColumns;
    const batch = sizeOf(a.shape.slice(0, -2));
    this.emit(
      "product",
      ...[m, n, k],
      ...[this.at(a), transA ? 1 : aColumns, transA ? aColumns : 1],
      ...[this.at(b), transB ? 1 : bColumns, transB ? bColumns : 1],
      ...[this.at(out), n],
      ...[bias ? this.at(bias) : NOTHING, this.float(operation.alpha), this.float(isLinear ? operation.beta : 1)],
      ...(added ? [this.at(added), n] : [NOTHING, 0]),
      // Only gradients go straight to the caller's array, and those are the ones that accumulate.
      Number(this.layout.isInArray(out)),
      ...[batch, aRows * aColumns, b.shape.length > 2 ? bRows * bColumns : 0, m * n],
    );
  }

  private binary(kind: "add" | "sub" | "mul", a: Tensor, b: Tensor, out: Tensor): void {
    // Both kinds that commute may have the small operand on either side.
    const [large, small] = sizeOf(a.shape) < sizeOf(b.shape) && kind !== "sub" ? [b, a] : [a, b];
    const found = broadcastOf(large.shape, small.shape, out.shape);
    const places = (x: Tensor, y: Tensor) => [this.at(x), this.at(y), this.at(out)];
    if (found) {
      const [broadcast, period] = found;
      const words = [BINARY.indexOf(kind), BROADCAST.indexOf(broadcast), sizeOf(out.shape), period];
      this.emit("binary", ...words, ...places(large, small));
      return;
    }
    const sides = leading(out.shape, 1);
    const steps = (shape: readonly number[]) => {
      const own = leading(shape, 1);
      return own.map((side, i) => (side === 1 ? 0 : sizeOf(own.slice(i + 1))));
    };
    this.emit("binaryStrided", BINARY.indexOf(kind), ...sides, ...steps(a.shape), ...steps(b.shape), ...places(a, b));
  }

  private unary(kind: (typeof UNARY)[number], scalar: number, x: Tensor, out: Tensor): void {
    this.emit("unary", UNARY.indexOf(kind), this.float(scalar), sizeOf(out.shape), this.at(x), this.at(out));
  }

  private sum(x: Tensor, axes: readonly number[], out: Tensor): void {
    const count = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
    const kept = sizeOf(x.shape) / count;
    if (areLeading(axes)) this.emit("sumRows", count, kept, this.at(x), this.at(out));
    else if (areTrailing(axes, x.shape.length)) this.emit("sumColumns", kept, count, this.at(x), this.at(out));
    else throw new RangeError(`no sum over axes ${axes.join(", ")} of [${x.shape.join(", ")}]`);
  }

  private parts(parts: readonly Tensor[], whole: Tensor, axis: number, direction: "from whole" | "to whole"): void {
    const outer = sizeOf(whole.shape.slice(0, axis));
    const step = sizeOf(whole.shape.slice(axis));
    let offset = 0;
    for (const part of parts) {
      const length = sizeOf(part.shape.slice(axis));
      const inWhole = [this.at(whole), offset, step];
      const alone = [this.at(part), 0, length];
      const [from, to] = direction === "from whole" ? [inWhole, alone] : [alone, inWhole];
      this.emit("copyBlocks", outer, length, ...from, ...to);
      offset += length;
    }
  }

  private transpose(x: Tensor, permutation: readonly number[], out: Tensor): void {
    const steps = permutation.map((axis) => sizeOf(x.shape.slice(axis + 1)));
    this.emit("transpose", ...leading(out.shape, 1), ...leading(steps, 0), this.at(x), this.at(out));
  }
}
