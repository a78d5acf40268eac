import { expect, it } from "vitest";
import { requirements } from "../../../src/trainer/torch/install.ts";
import { torchBuild } from "../../../src/trainer/torch/torchBuild.ts";

it.each([
  ["linux", "x64", null, "the build for the processor", "https://download.pytorch.org/whl/cpu"],
  ["linux", "x64", "580.65.06", "the build with CUDA 13.0", "https://download.pytorch.org/whl/cu130"],
  ["linux", "arm64", "550.54.15", "the build with CUDA 12.6", "https://download.pytorch.org/whl/cu126"],
  ["win32", "x64", "470.1", "the build with CUDA 11.8", "https://download.pytorch.org/whl/cu118"],
  ["win32", "x64", null, "the build for the processor", null],
  ["darwin", "arm64", null, "the build for Macs", null],
] as const)("%s-%s with driver %s gets %s", (platform, arch, driver, name, index) => {
  expect(torchBuild({ platform, arch, driver })).toMatchObject({ name, index, note: null });
});

it("a driver that is too old for any is told, and a machine that has no build", () => {
  const build = torchBuild({ platform: "linux", arch: "x64", driver: "390.157" });
  expect(build).toMatchObject({
    name: "the build for the processor",
    note: expect.stringContaining("390.157 is too old"),
  });
  expect(torchBuild({ platform: "darwin", arch: "x64", driver: null })).toBeNull();
  expect(torchBuild({ platform: "freebsd", arch: "x64", driver: null })).toBeNull();
});

it("what is installed is what the package says that it needs", () => {
  expect(requirements()).toEqual(expect.arrayContaining([expect.stringMatching(/^torch>=/), "numpy", "safetensors"]));
});
