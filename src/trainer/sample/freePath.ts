/** A place for a picture that costs little to draw: compared by its bytes with what is there. */
import { readFileSync } from "node:fs";
import { asDiskError } from "../../node/run/diskError.ts";
import { errorCode } from "../../node/run/files.ts";

/**
 * @param path ends in .png
 * @returns the path, or one with a number where another picture has it
 * @throws UserError where the disk refuses
 */
export function freePath(path: string, content: Uint8Array): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? path : path.replace(/\.png$/i, (extension) => `-${number}${extension}`);
    try {
      if (readFileSync(candidate).equals(content)) return candidate;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return candidate;
      if (errorCode(error) !== "EISDIR") throw asDiskError(error, { path: candidate });
    }
  }
}
