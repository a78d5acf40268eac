import { closeSync, openSync, readSync } from "node:fs";

/**
 * The first bytes of a file.
 * @param most how many; fewer where the file ends before
 * @throws the system's error where it cannot be read
 */
export function readStart(path: string | Buffer, most: number): Buffer {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(most);
    return buffer.subarray(0, readSync(file, buffer, 0, most, 0));
  } finally {
    closeSync(file);
  }
}
