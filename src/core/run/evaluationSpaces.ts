/** Names of spaces of features. */

/** What is asked for by name; anything else is the path of an ONNX file, and `inception-2015=PATH` one whose Fréchet distance is the FID. */
export const SPACES = ["efficientnet-lite0", "random-convolutions"] as const;
export const DEFAULT_SPACE = "efficientnet-lite0";
export const INCEPTION = "inception-2015";

/** The file that a space is asked for by, as written; null: it is one of SPACES. */
export function spaceFile(asked: string): string | null {
  if (SPACES.some((name) => name === asked)) return null;
  return asked.startsWith(`${INCEPTION}=`) ? asked.slice(INCEPTION.length + 1) : asked;
}

/** What results call it: "inception-2015=models/a.onnx" is "inception-2015", "models/b.onnx" is "b.onnx". */
export const spaceName = (asked: string): string =>
  asked.startsWith(`${INCEPTION}=`) ? INCEPTION : (asked.split(/[/\\]/).pop() ?? asked);

/** Samples of an evaluation that is asked for without a number. */
export const DEFAULT_SAMPLES = 1000;
