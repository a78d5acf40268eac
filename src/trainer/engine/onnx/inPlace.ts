/**
 * Runs sessions whose results stay where they were asked for. onnxruntime-node 1.30 writes a result into the array that is given
 * for it, and then copies it into a new one all the same (microsoft/onnxruntime#32346 is to end that): of a training step that is
 * all gradients. It never hands over a list, and says so when it comes to one; by then everything is written. So a model that
 * has a list as its first output ends before the first copy.
 */
import type * as ort from "onnxruntime-node";
import type { OnnxModelWriter } from "./modelWriter.ts";

const LIST = "list";
const REFUSAL = "Non tensor type is temporarily not supported";

/** The bits of a number that no computation gives: a quiet NaN with a payload. */
const UNWRITTEN = 0x7fc5a5a5;

/** To be called before the model's other outputs are added. */
export function addList(model: OnnxModelWriter): void {
  model.node("SequenceConstruct", [model.scalar(0)], [LIST]);
  model.listOutput(LIST);
}

/**
 * @param session of a model with that list
 * @param fetches the arrays that results are written to, by name, float32, one at least
 * @throws Error as the session does, or where it ended and had not written anything
 */
export async function runInPlace(
  session: ort.InferenceSession,
  feeds: Readonly<Record<string, ort.Tensor>>,
  fetches: Readonly<Record<string, ort.Tensor>>,
): Promise<void> {
  const { buffer, byteOffset } = Object.values(fetches)[0]!.data as Float32Array;
  const first = new Int32Array(buffer, byteOffset, 1);
  first[0] = UNWRITTEN;
  try {
    await session.run(feeds, { [LIST]: null, ...fetches });
  } catch (error) {
    if (!(error instanceof Error && error.message.includes(REFUSAL))) throw error;
  }
  if (first[0] === UNWRITTEN) throw new Error("ONNX Runtime ended before it had written its results");
}
