import { sep } from "node:path";
import { expect, it } from "vitest";
import { wayInto } from "../../../src/node/wayInto.ts";

const at = (path: string): string => path.replaceAll("/", sep);

it.each([
  ["/home/ann", "/home/ann/a/b.png", "a/b.png"],
  ["/home/ann", "/home/ann/..b", "..b"],
  ["/home/ann", "/home/ann", ""],
  ["/home/ann", "/home/anna/b.png", null],
  ["/home/ann", "/home", null],
])("from %s to %s the way is %j", (folder, path, way) => {
  expect(wayInto(at(folder), at(path))).toBe(way);
});
