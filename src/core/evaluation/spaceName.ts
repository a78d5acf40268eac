/** How a space of features is asked for, and what results call it. */

/** A space of this name is that of the FID; it is asked for as `inception-2015=FILE`. */
export const INCEPTION = "inception-2015";

/** The file that a space needs; null: it comes with the program, or is not known. */
export function spaceFile(asked: string): string | null {
  if (asked.startsWith(`${INCEPTION}=`)) return asked.slice(INCEPTION.length + 1);
  return SPACES.some((name) => name === asked) ? null : asked;
}

/** What comes with the program; anything else that is asked for is the path of an ONNX file. */
export const SPACES = ["efficientnet-lite0", "random-convolutions"] as const;

/** "inception-2015=models/a.onnx" -> "inception-2015", "models/b.onnx" -> "b.onnx" */
export const spaceName = (asked: string): string =>
  asked.startsWith(`${INCEPTION}=`) ? INCEPTION : (asked.split(/[/\\]/).pop() ?? asked);
