import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { GrowingText, newBytes } from "../../../src/node/run/newBytes.ts";

const folder = mkdtempSync(join(tmpdir(), "maskdm-new-bytes-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("a text that grows is read on, and a letter that came in two parts is one", () => {
  const path = join(folder, "grows.txt");
  const text = new GrowingText(path);
  expect(text.next()).toBe("");
  const letter = Buffer.from("é");
  writeFileSync(path, Buffer.concat([Buffer.from("one "), letter.subarray(0, 1)]));
  expect(text.next()).toBe("one ");
  appendFileSync(path, letter.subarray(1));
  appendFileSync(path, " two");
  expect(text.next()).toBe("é two");
  expect(text.next()).toBe("");
});

it("what was there before counts only where it is asked for", () => {
  const path = join(folder, "later.txt");
  writeFileSync(path, "old");
  const text = new GrowingText(path, 3);
  appendFileSync(path, "new");
  expect(text.next()).toBe("new");
});

it("a file that was cut is read from its beginning, and a long one in pieces", () => {
  const path = join(folder, "cut.txt");
  writeFileSync(path, "ab");
  expect([...newBytes(path, 5)].map(({ at, bytes }) => [at, bytes.length])).toEqual([[0, 2]]);
  const long = 2 ** 18 + 5;
  writeFileSync(path, Buffer.alloc(long, 1));
  expect([...newBytes(path, 0)].map(({ at, bytes }) => [at, bytes.length])).toEqual([
    [0, 2 ** 18],
    [2 ** 18, 5],
  ]);
});
