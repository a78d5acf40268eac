/** Compiles a graph to the bytes of an ONNX model (opset 20, with com.microsoft's FusedMatMul). */
import {
  type Graph,
  type GraphNode,
  type Operation,
  primitiveOf,
  sizeOf,
  type Tensor,
} from "../../../core/model/graph/graph.ts";
import { addList } from "./inPlace.ts";
import { ELEMENT, OnnxModelWriter } from "./modelWriter.ts";
import type { SessionSettings } from "./session.ts";

type MatMul = Extract<Operation, { readonly kind: "matmul" }>;

/** What a provider of ONNX Runtime takes. */
interface Limits {
  /** whether batched products may be com.microsoft's FusedMatMul; the WebGPU provider has none and would copy to the CPU for each */
  readonly fusedMatMul: boolean;
  /** outputs that a node may have; one less than the buffers that every WebGPU device allows a shader */
  readonly outputs: number;
}

const LIMITS: Readonly<Record<SessionSettings["provider"], Limits>> = {
  cpu: { fusedMatMul: true, outputs: Number.POSITIVE_INFINITY },
  webgpu: { fusedMatMul: false, outputs: 7 },
};

/** ONNX's names. */
const ELEMENTWISE = {
  add: "Add",
  sub: "Sub",
  mul: "Mul",
  div: "Div",
  erf: "Erf",
  exp: "Exp",
  sigmoid: "Sigmoid",
  sqrt: "Sqrt",
} as const;

/**
 * ONNX model bytes of a graph.
 * @param inPlace whether the model is to be run by runInPlace
 */
export function emitOnnx(graph: Graph, provider: SessionSettings["provider"] = "cpu", inPlace = false): Uint8Array {
  return new OnnxEmitter(graph, LIMITS[provider], inPlace).emit();
}

class OnnxEmitter {
  private readonly model = new OnnxModelWriter();
  private readonly names = new Map<number, string>();

  constructor(
    private readonly graph: Graph,
    private readonly limits: Limits,
    private readonly inPlace: boolean,
  ) {}

  emit(): Uint8Array {
    const { graph, model } = this;
    for (const { name, tensor } of graph.inputs) this.names.set(tensor.id, name);
    // A tensor has one name; an output that is an input, or a second name of another output, is a copy.
    for (const { name, tensor } of graph.outputs) if (!this.names.has(tensor.id)) this.names.set(tensor.id, name);
    for (const node of graph.nodes) this.emitNode(node);
    for (const { name, tensor } of graph.outputs) {
      if (this.name(tensor) !== name) model.node("Identity", [this.name(tensor)], [name]);
    }
    for (const { name, tensor } of graph.inputs) model.input(name, tensor.shape, tensor.dtype);
    if (this.inPlace) addList(model);
    for (const { name, tensor } of graph.outputs) model.output(name, tensor.shape, tensor.dtype);
    return model.finish();
  }

  private emitNode(node: GraphNode): void {
    const { inputs, outputs } = node;
    const operation = primitiveOf(node.operation);
    const [a, b, c] = inputs.map((input) => this.name(input));
    const out = outputs.map((output) => this.name(output));
    switch (operation.kind) {
      case "linear":
        this.model.node("Gemm", c ? [a!, b!, c] : [a!, b!], out, {
          transB: 1,
          alpha: { float: operation.alpha },
          beta: { float: operation.beta },
        });
        return;
      case "matmul":
        if (inputs[0]!.shape.length === 2) {
          this.model.node("Gemm", [a!, b!], out, {
            transA: Number(operation.transA),
            transB: Number(operation.transB),
            alpha: { float: operation.alpha },
          });
        } else if (this.limits.fusedMatMul) {
          const { alpha } = operation;
          const attributes = {
            transA: Number(operation.transA),
            transB: Number(operation.transB),
            alpha: { float: alpha },
          };
          this.model.node("FusedMatMul", [a!, b!], out, attributes, "com.microsoft");
        } else {
          this.emitPlainMatMul(operation, inputs[0]!, inputs[1]!, outputs[0]!);
        }
        return;
      case "add":
      case "sub":
      case "mul":
      case "div":
      case "erf":
      case "exp":
      case "sigmoid":
      case "sqrt":
        this.model.node(ELEMENTWISE[operation.kind], b ? [a!, b] : [a!], out);
        return;
      case "rsqrt":
        this.model.node("Reciprocal", [this.model.value("Sqrt", [a!])], out);
        return;
      case "scale":
        this.model.node("Mul", [a!, this.model.scalar(operation.factor)], out);
        return;
      case "shift":
        this.model.node("Add", [a!, this.model.scalar(operation.term)], out);
        return;
      case "subtractFrom":
        this.model.node("Sub", [this.model.scalar(operation.term), a!], out);
        return;
      case "reshape":
        this.model.node("Reshape", [a!, this.model.integers(outputs[0]!.shape)], out);
        return;
      case "transpose":
        this.model.node("Transpose", [a!], out, { perm: operation.permutation });
        return;
      case "split":
        this.emitSplit(operation, a!, out);
        return;
      case "concat":
        this.model.node(
          "Concat",
          inputs.map((input) => this.name(input)),
          out,
          { axis: operation.axis },
        );
        return;
      case "gatherRows":
        this.model.node("Gather", [a!, b!], out, { axis: 0 });
        return;
      case "scatterAddRows":
        this.emitScatterAdd(a!, b!, inputs[1]!.shape[0]!, operation.rows, out[0]!);
        return;
      case "sum":
        if (inputs[0]!.shape.length === 2 && operation.axes.join() === "0")
          this.emitColumnSums(a!, inputs[0]!.shape, outputs[0]!.shape, out[0]!);
        else
          this.model.node("ReduceSum", [a!, this.model.integers(operation.axes)], out, {
            keepdims: Number(operation.keepDims),
          });
        return;
      case "layerNorm":
        this.model.node("LayerNormalization", [a!, b!, c!], out, { axis: -1, epsilon: { float: operation.epsilon } });
        return;
      case "softmax":
        this.model.node("Softmax", [a!], out, { axis: -1 });
        return;
    }
  }

  /** Transposed factors are transposed for real, and alpha goes on the smallest of the three arrays. */
  private emitPlainMatMul(operation: MatMul, a: Tensor, b: Tensor, product: Tensor): void {
    const { transA, transB, alpha } = operation;
    const sizes = [a, b, product].map(({ shape }) => sizeOf(shape));
    const smallest = alpha === 1 ? -1 : sizes.indexOf(Math.min(...sizes));
    const factor = (tensor: Tensor, isScaled: boolean, isTransposed: boolean): string => {
      const name = this.name(tensor);
      const value = isScaled ? this.model.value("Mul", [name, this.model.scalar(alpha)]) : name;
      if (!isTransposed) return value;
      const axes = tensor.shape.map((_, axis) => axis);
      return this.model.value("Transpose", [value], { perm: [...axes.slice(0, -2), axes.length - 1, axes.length - 2] });
    };
    const factors = [factor(a, smallest === 0, transA), factor(b, smallest === 1, transB)];
    const out = [this.name(product)];
    if (smallest === 2) this.model.node("Mul", [this.model.value("MatMul", factors), this.model.scalar(alpha)], out);
    else this.model.node("MatMul", factors, out);
  }

  /**
   * As a product with the one-hot matrix of the index: ScatterND with reduction add lets threads race on repeated rows, so
   * its sums differ from run to run, and a resume could not be exact.
   */
  private emitScatterAdd(source: string, index: string, count: number, rows: number, out: string): void {
    const { model } = this;
    const column = model.value("Reshape", [index, model.integers([count, 1])]);
    const matches = model.value("Equal", [column, model.counting(rows)]);
    const oneHot = model.value("Cast", [matches], { to: ELEMENT.float32 });
    model.node("Gemm", [oneHot, source], [out], { transA: 1 });
  }

  /** Parts that are too many for one node are a slice each. */
  private emitSplit({ parts, axis }: Extract<Operation, { kind: "split" }>, whole: string, out: string[]): void {
    const { model } = this;
    if (parts.length <= this.limits.outputs) {
      model.node("Split", [whole, model.integers(parts)], out, { axis });
      return;
    }
    let from = 0;
    parts.forEach((size, i) => {
      const to = from + size;
      model.node("Slice", [whole, ...[[from], [to], [axis]].map((value) => model.integers(value))], [out[i]!]);
      from = to;
    });
  }

  /** As a product with a row of ones, which takes half the time of ReduceSum. */
  private emitColumnSums(matrix: string, [rows]: readonly number[], shape: readonly number[], out: string): void {
    const sums = this.model.value("Gemm", [this.model.ones(rows!), matrix]);
    this.model.node("Reshape", [sums, this.model.integers(shape)], [out]);
  }

  private name(tensor: Tensor): string {
    const known = this.names.get(tensor.id);
    if (known !== undefined) return known;
    const name = `t${tensor.id}`;
    this.names.set(tensor.id, name);
    return name;
  }
}
