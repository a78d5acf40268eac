/** What is done with a segment of the learned tensors on a graphics card, as ONNX models. */
import { ROW, type SegmentLayout } from "../device/segments.ts";
import type { UpdateScalars } from "../device/updateScalars.ts";
import { OnnxModelWriter } from "./modelWriter.ts";

/** Scalars of an update, inputs of shape [1]. */
export const UPDATE_SCALARS: readonly (keyof UpdateScalars)[] = [
  "decay",
  "beta1",
  "gradientWeight",
  "beta2",
  "squareWeight",
  "stepSize",
  "rootCorrection",
  "epsilon",
  "emaDecay",
];

/** Name of the input or output that is the i-th tensor of a segment. */
export const part = (i: number): string => `part${i}`;

/** Input x [length], output y, the same: between host and card. */
export function copyModel(length: number): Uint8Array {
  const m = new OnnxModelWriter();
  m.input("x", [length]);
  m.node("Identity", ["x"], ["y"]);
  m.output("y", [length]);
  return m.finish();
}

/** Inputs part<i> [size], and `sum` [length] when accumulating; output all [length], their concatenation and that sum. */
export function packModel({ sizes, used, length }: SegmentLayout, accumulate: boolean): Uint8Array {
  const m = new OnnxModelWriter();
  for (const [i, size] of sizes.entries()) m.input(part(i), [size]);
  const parts = [...sizes.map((_, i) => part(i)), ...(used < length ? [m.zeros(length - used)] : [])];
  if (accumulate) {
    m.input("sum", [length]);
    m.node("Add", [m.value("Concat", parts, { axis: 0 }), "sum"], ["all"]);
  } else m.node("Concat", parts, ["all"], { axis: 0 });
  m.output("all", [length]);
  return m.finish();
}

/** Input all [length]; outputs part<i> [size]. */
export function unpackModel(layout: SegmentLayout): Uint8Array {
  const m = new OnnxModelWriter();
  m.input("all", [layout.length]);
  emitParts(m, "all", layout);
  return m.finish();
}

/** Input all [length]; output squares [1], the sum of its squares. */
export function squaresModel(length: number): Uint8Array {
  const m = new OnnxModelWriter();
  m.input("all", [length]);
  const rows = m.value("Reshape", ["all", m.integers([length / ROW, ROW])]);
  const sums = m.value("ReduceSumSquare", [rows, m.integers([1])], { keepdims: 0 });
  m.node("ReduceSum", [sums, m.integers([0])], ["squares"], { keepdims: 1 });
  m.output("squares", [1]);
  return m.finish();
}

/**
 * One AdamW step and one update of the moving average (formulas of UpdateScalars). Inputs gradient, raw, m, v and ema [length] and the scalars; outputs
 * newRaw, newM, newV and newEma [length], and part<i> [size] of the new raw weights.
 */
export function updateModel(layout: SegmentLayout): Uint8Array {
  const m = new OnnxModelWriter();
  for (const name of ["gradient", "raw", "m", "v", "ema"]) m.input(name, [layout.length]);
  for (const name of UPDATE_SCALARS) m.input(name, [1]);
  const mul = (a: string, b: string): string => m.value("Mul", [a, b]);
  m.node("Add", [mul("m", "beta1"), mul("gradient", "gradientWeight")], ["newM"]);
  m.node("Add", [mul("v", "beta2"), mul(mul("gradient", "gradient"), "squareWeight")], ["newV"]);
  const root = m.value("Add", [mul(m.value("Sqrt", ["newV"]), "rootCorrection"), "epsilon"]);
  m.node("Sub", [mul("raw", "decay"), m.value("Div", [mul("newM", "stepSize"), root])], ["newRaw"]);
  m.node("Add", ["newRaw", mul(m.value("Sub", ["ema", "newRaw"]), "emaDecay")], ["newEma"]);
  for (const name of ["newRaw", "newM", "newV", "newEma"]) m.output(name, [layout.length]);
  emitParts(m, "newRaw", layout);
  return m.finish();
}

/** A slice each: one Split can write no more outputs than a shader may have buffers. */
function emitParts(m: OnnxModelWriter, all: string, { sizes }: SegmentLayout): void {
  let from = 0;
  sizes.forEach((size, i) => {
    m.node("Slice", [all, m.integers([from]), m.integers([from + size]), m.integers([0])], [part(i)]);
    m.output(part(i), [size]);
    from += size;
  });
}
