/** What can be asked of an evaluation. */

/** Spaces of features that are asked for by name; anything else is the path of an ONNX file, or INCEPTION=PATH. */
export const SPACES = ["efficientnet-lite0", "random-convolutions"] as const;
export const DEFAULT_SPACE = "efficientnet-lite0";
/** The network whose Fréchet distance is the FID, from a file of the user's. */
export const INCEPTION = "inception-2015";

export const DEFAULT_SAMPLES = 1000;
/** Fewer tell nothing apart. */
export const LEAST_SAMPLES = 50;
