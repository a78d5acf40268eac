/** The file that `maskdm toy --out` writes. */
import { dirname, extname, resolve } from "node:path";
import { UserError } from "../../core/errors.ts";
import type { ToyFrame, ToyMessage } from "../../core/toy/messages.ts";
import { toyPicture } from "../../core/toy/picture.ts";
import { replaceFile } from "../../node/run/files.ts";
import { requireWritable } from "../../node/run/writableFolder.ts";

/**
 * Looks before anything is trained whether the file can be written.
 * @returns absolute path
 * @throws UserError
 */
export function requireToyFile(out: string): string {
  if (!/[^/\\]\.(svg|json)$/i.test(out))
    throw new UserError(
      `--out ${JSON.stringify(out)}: name a file that ends in .svg for a picture, or .json for points.`,
    );
  const path = resolve(out);
  requireWritable(dirname(path));
  return path;
}

export function writeToyFile(path: string, messages: readonly ToyMessage[]): void {
  const [start, ...frames] = messages;
  if (start?.kind !== "start") throw new Error("a run begins with its start");
  const isFrame = (message: ToyMessage): message is ToyFrame => message.kind === "frame";
  const text =
    extname(path).toLowerCase() === ".json"
      ? `${JSON.stringify(messages)}\n`
      : toyPicture(start, frames.filter(isFrame));
  replaceFile(path, text, false);
}
