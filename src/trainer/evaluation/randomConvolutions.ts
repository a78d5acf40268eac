/** A convolutional network that nobody trained, for comparing images without a file of weights. Other seeds would do as well; this one is kept. */
import { RandomStream } from "../../core/random/streams.ts";
import { OnnxModelWriter } from "../engine/onnx/modelWriter.ts";

/** Channels of the stages, each of half the height and width of the one before. */
const CHANNELS = [32, 64, 128, 256];
const KERNEL = 3;

/**
 * ONNX model: `images` [n, 3, h, w] to `features` [n, 480], the means over all places of what each stage gives. Weights are normal, of variance 2 / fan-in
 * (He et al. 2015), from the stream `init` of seed 0, layer by layer.
 */
export function randomConvolutions(): Uint8Array {
  const m = new OnnxModelWriter();
  m.input("images", ["n", 3, "h", "w"]);
  let x = "images";
  let inputs = 3;
  const means = CHANNELS.map((outputs, item) => {
    const fanIn = inputs * KERNEL ** 2;
    const weights = new Float32Array(outputs * fanIn);
    const stream = new RandomStream({ seed: 0, stage: "pretrain", stream: "init", step: 0, item });
    stream.fillNormal(weights, 0, weights.length, Math.sqrt(2 / fanIn));
    const kernel = m.weights([outputs, inputs, KERNEL, KERNEL], weights);
    x = m.value("Relu", [m.value("Conv", [x, kernel], { pads: [1, 1, 1, 1], strides: [2, 2] })]);
    inputs = outputs;
    return m.value("ReduceMean", [x, m.integers([2, 3])], { keepdims: 0 });
  });
  m.node("Concat", means, ["features"], { axis: 1 });
  m.output("features", ["n", CHANNELS.reduce((sum, channels) => sum + channels, 0)]);
  return m.finish();
}
