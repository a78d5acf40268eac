import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { publishedRunFormat, RUN_FORMAT_DOCUMENT } from "../../../src/core/publish/runFormat.ts";
import { publishedTorchPackage } from "../../../src/core/publish/torchPackage.ts";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const published = publishedRunFormat(read(RUN_FORMAT_DOCUMENT));

test.each(Object.entries({ ...published, ...publishedTorchPackage(read(RUN_FORMAT_DOCUMENT)) }))(
  "%s is up to date (npm run docs)",
  (path, text) => {
    expect(read(path)).toBe(text);
  },
);

test("the document must have a place for every table, and for no other", () => {
  const markdown = read(RUN_FORMAT_DOCUMENT);
  expect(() => publishedRunFormat(markdown.replace("fields: control", "fields: nonsense"))).toThrow(/named nonsense/);
  expect(() => publishedRunFormat(markdown.replace("<!-- fields: control -->", ""))).toThrow(
    /no place for the tables control/,
  );
});

test("every field of every table says what it means", () => {
  const rows = (published[RUN_FORMAT_DOCUMENT] ?? "").split("\n").filter((line) => line.startsWith("| `"));
  expect(rows.length).toBeGreaterThan(60);
  expect(rows.filter((row) => /\|\s*\|$/.test(row))).toEqual([]);
});
