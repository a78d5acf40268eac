/** What a Ray cluster is given, and where it is asked for. */
import { expect, it } from "vitest";
import { zipEntries } from "../../../src/core/torchFile/zip.ts";
import { crc32 } from "../../../src/node/run/crc32.ts";
import { enginePackage } from "../../../src/trainer/ray/enginePackage.ts";
import { DEFAULT_ADDRESS, rayAddress } from "../../../src/trainer/ray/jobs.ts";
import { zip } from "../../../src/trainer/ray/zip.ts";

it("the engine's package is an archive of all its files, which is named after them", () => {
  const { name, data } = enginePackage();
  const entries = zipEntries((offset, length) => data.subarray(offset, offset + length), data.length);
  const files = [...entries.keys()];
  expect(files).toContain("maskdm_torch/ray_job.py");
  expect(files).toContain("maskdm_torch/schema/experiment.schema.json");
  expect(files).toContain("maskdm_torch/networks/uvit.py");
  expect(files.filter((file) => file.includes("__pycache__"))).toEqual([]);
  expect(enginePackage().name).toBe(name);
  expect(name).toMatch(/^_ray_pkg_[0-9a-f]{32}\.zip$/);
});

it("an archive holds what was put into it", () => {
  const text = Buffer.from("grüße\n");
  const data = zip([
    { name: "a/ä.txt", data: text },
    { name: "empty", data: Buffer.alloc(0) },
  ]);
  const entries = zipEntries((offset, length) => data.subarray(offset, offset + length), data.length);
  expect([...entries.keys()]).toEqual(["a/ä.txt", "empty"]);
  const { offset, bytes } = entries.get("a/ä.txt")!;
  expect(data.subarray(offset, offset + bytes)).toEqual(text);
  expect(data.readUInt32LE(14), "of the local header").toBe(crc32(text, 0));
});

it("the cluster is the experiment's, else the environment's where that names a dashboard", () => {
  expect(rayAddress("http://a:1/", { RAY_ADDRESS: "http://b:2" })).toBe("http://a:1");
  expect(rayAddress(null, { RAY_ADDRESS: "http://b:2" })).toBe("http://b:2");
  expect(rayAddress(null, { RAY_ADDRESS: "b:6379" })).toBe(DEFAULT_ADDRESS);
  expect(rayAddress(null, {})).toBe(DEFAULT_ADDRESS);
});
