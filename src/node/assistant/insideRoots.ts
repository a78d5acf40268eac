/** Which paths lie in the folders that an assistant may look into. */
import { realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { exists } from "../exists.ts";
import { expandHome } from "../homePath.ts";
import { wayInto } from "../wayInto.ts";

/**
 * The absolute path that a text names: a relative one starts in the first root that holds it, else in the first.
 * @param roots absolute paths, at least one
 * @returns null where it, or what a link on the way leads to, lies in none of them
 */
export async function pathInside(roots: readonly string[], text: string): Promise<string | null> {
  const candidates = roots.map((root) => resolve(root, expandHome(text)));
  const there = await Promise.all(candidates.map(exists));
  const path = candidates[Math.max(0, there.indexOf(true))]!;
  return (await isInside(roots, path)) ? path : null;
}

/** @param path absolute, of something that need not exist */
export async function isInside(roots: readonly string[], path: string): Promise<boolean> {
  const real = await realOf(path);
  const realRoots = await Promise.all(roots.map(realOf));
  return realRoots.some((root) => wayInto(root, real) !== null);
}

/** With the links resolved of as much of the path as exists. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realOf(parent), basename(path));
  }
}
