import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { previewCount } from "../../../src/core/batch/previewGrid.ts";
import { freePath } from "../../../src/trainer/sample/freePath.ts";

it("keeps the path of the same picture, and gives another one a number", () => {
  const folder = mkdtempSync(join(tmpdir(), "maskdm-free-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "a.png");
  const [one, other] = [Buffer.from("one"), Buffer.from("other")];
  expect(freePath(path, one)).toBe(path);
  writeFileSync(path, one);
  expect(freePath(path, one)).toBe(path);
  expect(freePath(path, other)).toBe(join(folder, "a-2.png"));
  mkdirSync(join(folder, "a-2.png"));
  writeFileSync(join(folder, "a-3.png"), other);
  expect(freePath(path, other)).toBe(join(folder, "a-3.png"));
});

it("a preview shows as many images as fit into one picture", () => {
  expect([64, 512, 1024].map((size) => previewCount(256, size))).toEqual([64, 64, 16]);
  expect([previewCount(5, 1024), previewCount(40, 64)]).toEqual([5, 40]);
});
