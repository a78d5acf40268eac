/** Compiles a graph to the bytes of an ONNX model (opset 20, with com.microsoft's FusedMatMul). */
import type { DType, Graph, GraphNode, Tensor } from "../graph/graph.ts";
import { ProtobufWriter } from "./protobuf.ts";

const IR_VERSION = 9;
const OPSET = 20;
const FLOAT = 1;
const INT32 = 6;
const INT64 = 7;

type Attribute = number | { readonly float: number } | string | readonly number[];

interface EmittedNode {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly message: Uint8Array;
}

/** ONNX model bytes of a graph. */
export function emitOnnx(graph: Graph): Uint8Array {
  return new OnnxEmitter(graph).emit();
}

class OnnxEmitter {
  private readonly body = new ProtobufWriter();
  private readonly emitted: EmittedNode[] = [];
  private readonly constants = new Map<string, string>();
  private readonly names = new Map<number, string>();
  private scratch = 0;

  constructor(private readonly graph: Graph) {}

  emit(): Uint8Array {
    const { graph, body } = this;
    for (const { name, tensor } of graph.inputs) this.names.set(tensor.id, name);
    // A tensor has one name; an output that is an input, or a second name of another output, is a copy.
    for (const { name, tensor } of graph.outputs) if (!this.names.has(tensor.id)) this.names.set(tensor.id, name);
    for (const node of graph.nodes) this.emitNode(node);
    for (const { name, tensor } of graph.outputs) {
      if (this.name(tensor) !== name) this.op("Identity", [this.name(tensor)], [name]);
    }
    for (const { message } of inExecutionOrder(this.emitted)) body.bytes(1, message);
    body.string(2, "maskdm");
    for (const { name, tensor } of graph.inputs) body.message(11, (w) => valueInfo(w, name, tensor));
    for (const { name, tensor } of graph.outputs) body.message(12, (w) => valueInfo(w, name, tensor));
    return new ProtobufWriter()
      .integer(1, IR_VERSION)
      .string(2, "maskdm")
      .bytes(7, body.finish())
      .message(8, (w) => w.string(1, "").integer(2, OPSET))
      .message(8, (w) => w.string(1, "com.microsoft").integer(2, 1))
      .finish();
  }

  private emitNode({ operation, inputs, outputs }: GraphNode): void {
    const [a, b, c] = inputs.map((input) => this.name(input));
    const out = outputs.map((output) => this.name(output));
    switch (operation.kind) {
      case "linear":
        this.op("Gemm", c ? [a!, b!, c] : [a!, b!], out, {
          transB: 1,
          alpha: { float: operation.alpha },
          beta: { float: operation.beta },
        });
        return;
      case "matmul":
        if (inputs[0]!.shape.length === 2) {
          this.op("Gemm", [a!, b!], out, {
            transA: Number(operation.transA),
            transB: Number(operation.transB),
            alpha: { float: operation.alpha },
          });
        } else {
          this.op(
            "FusedMatMul",
            [a!, b!],
            out,
            { transA: Number(operation.transA), transB: Number(operation.transB), alpha: { float: operation.alpha } },
            "com.microsoft",
          );
        }
        return;
      case "add":
        this.op("Add", [a!, b!], out);
        return;
      case "sub":
        this.op("Sub", [a!, b!], out);
        return;
      case "mul":
        this.op("Mul", [a!, b!], out);
        return;
      case "erf":
        this.op("Erf", [a!], out);
        return;
      case "exp":
        this.op("Exp", [a!], out);
        return;
      case "sigmoid":
        this.op("Sigmoid", [a!], out);
        return;
      case "scale":
        this.op("Mul", [a!, this.scalar(operation.factor)], out);
        return;
      case "shift":
        this.op("Add", [a!, this.scalar(operation.term)], out);
        return;
      case "subtractFrom":
        this.op("Sub", [this.scalar(operation.term), a!], out);
        return;
      case "reshape":
        this.op("Reshape", [a!, this.integers(outputs[0]!.shape)], out);
        return;
      case "transpose":
        this.op("Transpose", [a!], out, { perm: operation.permutation });
        return;
      case "split":
        this.op("Split", [a!, this.integers(operation.parts)], out, { axis: operation.axis });
        return;
      case "concat":
        this.op(
          "Concat",
          inputs.map((input) => this.name(input)),
          out,
          { axis: operation.axis },
        );
        return;
      case "gatherRows":
        this.op("Gather", [a!, b!], out, { axis: 0 });
        return;
      case "scatterAddRows":
        this.emitScatterAdd(a!, b!, inputs[1]!.shape[0]!, operation.rows, out[0]!);
        return;
      case "sum":
        if (inputs[0]!.shape.length === 2 && operation.axes.join() === "0")
          this.emitColumnSums(a!, inputs[0]!.shape, outputs[0]!.shape, out[0]!);
        else this.op("ReduceSum", [a!, this.integers(operation.axes)], out, { keepdims: Number(operation.keepDims) });
        return;
      case "layerNorm":
        this.op("LayerNormalization", [a!, b!, c!], out, { axis: -1, epsilon: { float: operation.epsilon } });
        return;
      case "softmax":
        this.op("Softmax", [a!], out, { axis: -1 });
        return;
    }
  }

  /**
   * As a product with the one-hot matrix of the index: ScatterND with reduction add lets threads race on repeated rows, so
   * its sums differ from run to run, and a resume could not be exact.
   */
  private emitScatterAdd(source: string, index: string, count: number, rows: number, out: string): void {
    const column = this.temporary();
    const matches = this.temporary();
    const oneHot = this.temporary();
    this.op("Reshape", [index, this.integers([count, 1])], [column]);
    this.op("Equal", [column, this.counting(rows)], [matches]);
    this.op("Cast", [matches], [oneHot], { to: FLOAT });
    this.op("Gemm", [oneHot, source], [out], { transA: 1 });
  }

  /** As a product with a row of ones, which takes half the time of ReduceSum. */
  private emitColumnSums(matrix: string, [rows]: readonly number[], shape: readonly number[], out: string): void {
    const sums = this.temporary();
    this.op("Gemm", [this.ones(rows!), matrix], [sums]);
    this.op("Reshape", [sums, this.integers(shape)], [out]);
  }

  private op(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = "",
  ): void {
    const w = new ProtobufWriter();
    for (const input of inputs) w.string(1, input);
    for (const output of outputs) w.string(2, output);
    w.string(4, type);
    for (const [name, value] of Object.entries(attributes)) w.message(5, (x) => attribute(x, name, value));
    if (domain) w.string(7, domain);
    this.emitted.push({ inputs, outputs, message: w.finish() });
  }

  private name(tensor: Tensor): string {
    const known = this.names.get(tensor.id);
    if (known !== undefined) return known;
    const name = `t${tensor.id}`;
    this.names.set(tensor.id, name);
    return name;
  }

  private temporary(): string {
    return `s${this.scratch++}`;
  }

  private scalar(value: number): string {
    return this.constant(`f${value}`, [], FLOAT, new Uint8Array(Float32Array.of(value).buffer));
  }

  private integers(values: readonly number[]): string {
    const data = BigInt64Array.from(values, (value) => BigInt(value));
    return this.constant(`i${values.join("_")}`, [values.length], INT64, new Uint8Array(data.buffer));
  }

  /** 0 … n-1 as int32 [1, n] */
  private counting(n: number): string {
    const data = Int32Array.from({ length: n }, (_, i) => i);
    return this.constant(`n${n}`, [1, n], INT32, new Uint8Array(data.buffer));
  }

  /** [1, n] */
  private ones(n: number): string {
    return this.constant(`o${n}`, [1, n], FLOAT, new Uint8Array(new Float32Array(n).fill(1).buffer));
  }

  private constant(name: string, shape: readonly number[], type: number, data: Uint8Array): string {
    if (!this.constants.has(name)) {
      this.constants.set(name, name);
      this.body.message(5, (w) => {
        for (const side of shape) w.integer(1, side);
        w.integer(2, type).string(8, name).bytes(9, data);
      });
    }
    return name;
  }
}

/**
 * Nodes in the order that makes ONNX Runtime execute them as the graph lists them. It walks depth-first from the nodes that
 * nothing consumes, the last of them first; with the gradients of the weights listed as they come about it would begin with
 * the first layer's, and so keep every activation and every gradient of one until the end.
 */
function inExecutionOrder(nodes: readonly EmittedNode[]): EmittedNode[] {
  const consumed = new Set(nodes.flatMap(({ inputs }) => inputs));
  const isLeaf = ({ outputs }: EmittedNode) => !outputs.some((output) => consumed.has(output));
  return [...nodes.filter((node) => !isLeaf(node)), ...nodes.filter(isLeaf).reverse()];
}

function attribute(w: ProtobufWriter, name: string, value: Attribute): void {
  w.string(1, name);
  if (typeof value === "number") w.integer(3, value).integer(20, 2);
  else if (typeof value === "string") w.string(4, value).integer(20, 3);
  else if (Array.isArray(value)) {
    for (const item of value) w.integer(8, item as number);
    w.integer(20, 7);
  } else w.float(2, (value as { float: number }).float).integer(20, 1);
}

function valueInfo(w: ProtobufWriter, name: string, tensor: Tensor): void {
  const type: Record<DType, number> = { float32: FLOAT, int32: INT32 };
  w.string(1, name).message(2, (t) =>
    t.message(1, (tt) =>
      tt.integer(1, type[tensor.dtype]).message(2, (s) => {
        for (const side of tensor.shape) s.message(1, (d) => d.integer(1, side));
      }),
    ),
  );
}
