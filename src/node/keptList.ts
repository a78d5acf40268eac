/** Lists that a file of the user's folder keeps: they save time, and nothing depends on them. */
import { readFileSync } from "node:fs";
import type * as z from "zod";
import { parseJson } from "../core/parseJson.ts";

/** The entries that can be used; none where there is no such file, or none that this version reads: it is then written anew. */
export function readKeptList<T>(file: string, list: z.ZodType<readonly unknown[]>, entry: z.ZodType<T>): T[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  const parsed = list.safeParse(parseJson(text));
  return (parsed.success ? parsed.data : []).flatMap((value) => {
    const read = entry.safeParse(value);
    return read.success ? [read.data] : [];
  });
}
