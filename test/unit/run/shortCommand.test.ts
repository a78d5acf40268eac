import { expect, it } from "vitest";
import { failureText } from "../../../src/node/shortCommand.ts";

it("tells what a command said of its failure: all of its last error, without what went before", () => {
  const said = (stderr: string): string => failureText({ stderr }, "Nothing was said.");
  expect(said("drawing: 64 images in 2s\nerror: the disk is full.\n")).toBe("the disk is full.");
  expect(said("error: first\nerror: The experiment cannot be used:\n  3:1: no such key\n")).toBe(
    "The experiment cannot be used:\n  3:1: no such key",
  );
  expect(said("Segmentation fault\n")).toBe("Segmentation fault");
  expect(said(" \n")).toBe("Nothing was said.");
});
