import { expect, test } from "vitest";
import { isSamePath, pathKey } from "../../../src/node/pathKey.ts";

test("paths are compared as the file systems of Windows and macOS do, and as they are elsewhere", () => {
  expect(pathKey("c:/Users/Ann\\Faces", "win32")).toBe(pathKey("C:\\users\\ann\\faces", "win32"));
  expect(pathKey("/Users/Ann/Cafe\u0301", "darwin")).toBe(pathKey("/users/ann/caf\u00e9", "darwin"));
  expect(pathKey("/home/Ann", "linux")).not.toBe(pathKey("/home/ann", "linux"));
  expect(pathKey("/home/a\\b", "linux")).toBe("/home/a\\b");
  expect([isSamePath("/a", "/a"), isSamePath(null, null), isSamePath("/a", null), isSamePath("/a", "/b")]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
