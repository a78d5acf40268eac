/** Writes the bytes of an ONNX model (opset 20, and com.microsoft's operators): nodes, constants, inputs and outputs. */
import { ProtobufWriter } from "../../../core/protobuf.ts";

const IR_VERSION = 9;
const OPSET = 20;

/** ONNX's numbers of element types. */
export const ELEMENT = { float32: 1, int32: 6, int64: 7 } as const;
export type ElementType = keyof typeof ELEMENT;

export type Attribute = number | { readonly float: number } | string | readonly number[];

interface EmittedNode {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly message: Uint8Array;
}

export class OnnxModelWriter {
  private readonly body = new ProtobufWriter();
  private readonly nodes: EmittedNode[] = [];
  private readonly constants = new Set<string>();
  private scratch = 0;

  input(name: string, shape: readonly (number | string)[], type: ElementType = "float32"): void {
    this.body.message(11, (w) => valueInfo(w, name, shape, type));
  }

  output(name: string, shape: readonly (number | string)[], type: ElementType = "float32"): void {
    this.body.message(12, (w) => valueInfo(w, name, shape, type));
  }

  /** An output that is a list of float32 arrays. */
  listOutput(name: string): void {
    this.body.message(12, (w) =>
      w
        .string(1, name)
        .message(2, (type) =>
          type.message(4, (list) =>
            list.message(1, (element) => element.message(1, (array) => array.integer(1, ELEMENT.float32))),
          ),
        ),
    );
  }

  /** Adds a node. @param domain empty for ONNX's own operators */
  node(
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
    this.nodes.push({ inputs, outputs, message: w.finish() });
  }

  /** Adds a node with one output that needs no name of its own. @returns its name */
  value(type: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const name = this.temporary();
    this.node(type, inputs, [name], attributes);
    return name;
  }

  /** A name that nothing else has. */
  temporary(): string {
    return `s${this.scratch++}`;
  }

  scalar(value: number): string {
    return this.constant(`f${value}`, [], "float32", Float32Array.of(value));
  }

  /** int64 [n] */
  integers(values: readonly number[]): string {
    const data = BigInt64Array.from(values, (value) => BigInt(value));
    return this.constant(`i${values.join("_")}`, [values.length], "int64", data);
  }

  /** 0 … n-1 as int32 [1, n] */
  counting(n: number): string {
    return this.constant(
      `n${n}`,
      [1, n],
      "int32",
      Int32Array.from({ length: n }, (_, i) => i),
    );
  }

  /** [1, n] */
  ones(n: number): string {
    return this.constant(`o${n}`, [1, n], "float32", new Float32Array(n).fill(1));
  }

  /** Float numbers of any shape, under a name that nothing else has. */
  weights(shape: readonly number[], values: Float32Array): string {
    return this.constant(this.temporary(), shape, "float32", values);
  }

  finish(): Uint8Array {
    for (const { message } of inExecutionOrder(this.nodes)) this.body.bytes(1, message);
    this.body.string(2, "maskdm");
    return new ProtobufWriter()
      .integer(1, IR_VERSION)
      .string(2, "maskdm")
      .bytes(7, this.body.finish())
      .message(8, (w) => w.string(1, "").integer(2, OPSET))
      .message(8, (w) => w.string(1, "com.microsoft").integer(2, 1))
      .finish();
  }

  private constant(
    name: string,
    shape: readonly number[],
    type: ElementType,
    { buffer }: Float32Array | Int32Array | BigInt64Array,
  ): string {
    if (!this.constants.has(name)) {
      this.constants.add(name);
      this.body.message(5, (w) => {
        for (const side of shape) w.integer(1, side);
        w.integer(2, ELEMENT[type]).string(8, name).bytes(9, new Uint8Array(buffer));
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

/** @param shape sides; one that is a name may be of any length */
function valueInfo(w: ProtobufWriter, name: string, shape: readonly (number | string)[], type: ElementType): void {
  w.string(1, name).message(2, (t) =>
    t.message(1, (tt) =>
      tt.integer(1, ELEMENT[type]).message(2, (s) => {
        for (const side of shape)
          s.message(1, (d) => (typeof side === "string" ? d.string(2, side) : d.integer(1, side)));
      }),
    ),
  );
}
