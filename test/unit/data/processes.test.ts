/** Several processes on one cache, and processes that are killed while they build it. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDataset } from "../../../src/trainer/data/dataset.ts";
import { dataConfig, temporaryFolder } from "./testFolder.ts";

const ROOT = join(import.meta.dirname, "../../..");
const EMOJI = join(ROOT, "examples/emoji/images/people");
const COUNT = 172;
const SIZE = 16;
// Below node_modules, where the bundle finds sharp.
const SCRIPT = join(ROOT, "node_modules/.cache/maskdm-test", `openDataset-${process.pid}.mjs`);

beforeAll(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, "openDatasetProcess.ts")],
    outfile: SCRIPT,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["sharp"],
  });
});

afterAll(() => rmSync(SCRIPT, { force: true }));

function start(base: string): ChildProcess {
  return spawn(process.execPath, [SCRIPT, EMOJI, base, String(SIZE)], { stdio: "pipe" });
}

async function result(child: ChildProcess): Promise<string> {
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr?.resume();
  await new Promise((resolve) => child.on("close", resolve));
  return output;
}

describe("several processes", () => {
  let reference = "";
  beforeAll(async () => {
    reference = await result(start(temporaryFolder()));
    expect(JSON.parse(reference)).toMatchObject({ count: COUNT });
  });

  it("may build the cache at the same time", async () => {
    const base = temporaryFolder();
    const outputs = await Promise.all([start(base), start(base), start(base)].map(result));
    expect(outputs).toEqual([reference, reference, reference]);
    let decoded = 0;
    const dataset = await openDataset(dataConfig({ path: EMOJI, image_size: SIZE }), base, {
      onProgress: () => decoded++,
    });
    expect([dataset.count, decoded]).toEqual([COUNT, 0]);
    dataset.close();
    expect(readdirSync(join(base, ".maskdm/cache")).filter((name) => name.endsWith(".json"))).toHaveLength(1);
  });

  it("may open it twice within one process", async () => {
    const base = temporaryFolder();
    const config = dataConfig({ path: EMOJI, image_size: SIZE });
    const [one, two] = await Promise.all([openDataset(config, base), openDataset(config, base)]);
    const pixels = [one, two].map((dataset) => {
      const out = Buffer.alloc(COUNT * dataset.imageBytes);
      dataset.readInto(
        Uint32Array.from({ length: COUNT }, (_, i) => i),
        out,
      );
      dataset.close();
      return out;
    });
    expect(pixels[0]!.equals(pixels[1]!)).toBe(true);
  });

  it("leave a whole cache or none when they are killed", async () => {
    const base = temporaryFolder();
    for (const after of [1, 50, 100, 150, COUNT, COUNT]) {
      await killAfter(start(base), after);
      const manifests = readdirOrNone(join(base, ".maskdm/cache")).filter((name) => name.endsWith(".json"));
      expect(manifests.length).toBeLessThanOrEqual(1);
    }
    expect(await result(start(base))).toBe(reference);
    expect(await result(start(base))).toBe(reference);
  });
});

/** Kills a process, without warning, as soon as it has decoded so many images. */
async function killAfter(child: ChildProcess, images: number): Promise<void> {
  child.stderr?.on("data", (chunk: Buffer) => {
    const done = chunk.toString().trim().split("\n").map(Number);
    if (Math.max(...done) >= images) child.kill("SIGKILL");
  });
  await new Promise((resolve) => child.on("close", resolve));
}

function readdirOrNone(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
