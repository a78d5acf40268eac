import { isAbsolute, relative, sep } from "node:path";

/**
 * The way from a folder down to a path, with forward slashes; "" for the folder itself.
 * @param folder absolute path, like the other
 * @returns null where the path lies elsewhere
 */
export function wayInto(folder: string, path: string): string | null {
  const way = relative(folder, path);
  const isOutside = isAbsolute(way) || way === ".." || way.startsWith(`..${sep}`);
  return isOutside ? null : way.split(sep).join("/");
}
