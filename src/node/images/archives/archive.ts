/** What the formats of archives have in common. */
import { nameFromBytes } from "../fileNames.ts";
import type { FileFacts } from "../imageSource.ts";

/** A file in an archive. */
export interface Member {
  /** with forward slashes; see memberPath */
  readonly path: string;
  /** bytes */
  readonly size: number;
  /** image: known to be one without a look; brokenLink: a link, which is not followed */
  readonly kind: "file" | "image" | "brokenLink";
  /** its class, where the archive itself says one */
  readonly label?: string;
}

/** An archive that is open. */
export interface Archive {
  /** of the archive's file */
  readonly facts: FileFacts;
  /** in the archive's order; of several at one path the last counts */
  readonly members: readonly Member[];
  /** what to do about an image without a class */
  readonly classRemedy: string;
  /**
   * @param index of the member
   * @param most so many bytes of its beginning
   * @throws Error with a reason where it cannot be read
   */
  read(index: number, most?: number): Promise<Buffer>;
  close(): void;
}

/** An archive that cannot be used; the message is why, and what to do. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

/**
 * The path of a member as a folder on a disk would have it: `./a//b` is `a/b`. Nothing is ever written there; what leads upwards is
 * left out by its name, as other names that begin with a dot are.
 * @returns "" for what is no name at all
 */
export function memberPath(name: Buffer): string {
  return nameFromBytes(name)
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}
