import { expect, it } from "vitest";
import { drawnClass, numberedClass } from "../../../src/core/classes/classText.ts";

it("a class is named by what is known of it", () => {
  expect([numberedClass("2", 0), numberedClass(undefined, 3), numberedClass("cat", null)]).toEqual([
    '0 "2"',
    "3",
    '"cat"',
  ]);
});

it("who has a class drawn that no image had is told so", () => {
  expect(drawnClass(["cat", "dog"], 1)).toBe('class 1 "dog"');
  expect(drawnClass(["cat", "dog"], 2)).toMatch(/^class 2: the weights were trained on no images of it/);
});
