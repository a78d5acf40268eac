/**
 * The class of an image: its first-level folder.
 * @param path relative to the data folder, with forward slashes
 * @returns null where it lies in no folder
 */
export function className(path: string): string | null {
  const end = path.indexOf("/");
  return end < 0 ? null : path.slice(0, end);
}
