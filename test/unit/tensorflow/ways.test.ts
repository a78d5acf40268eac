import { expect, it } from "vitest";
import { waysOfDevelopment } from "../../../scripts/tensorflow/ways.ts";

it("development takes the wheel where there is one, and the package's own script elsewhere", () => {
  expect(waysOfDevelopment("linux-x64")).toEqual(["wheel"]);
  expect(waysOfDevelopment("win32-x64")).toEqual(["npm"]);
});
