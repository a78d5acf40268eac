import { stat } from "node:fs/promises";

/** Whether there is a file or folder at a path, as far as this user may look. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
