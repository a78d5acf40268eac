/** Images that are not there are told before an engine is started, which would have to be waited for. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import { requireDataPath } from "../../../src/trainer/data/firstLook.ts";
import { runSession } from "../../../src/trainer/loop/session.ts";
import { StartUp } from "../../../src/trainer/loop/startUp.ts";
import { tinyExperiment, writeImages } from "./support.ts";

let folder: string;
let threads: number;
const count = (): void => {
  threads++;
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-images-"));
  threads = 0;
  process.on("worker", count);
});
afterEach(() => {
  process.off("worker", count);
  rmSync(folder, { recursive: true, force: true });
});

/** @returns the error that a session ends with */
async function failure(): Promise<string> {
  const parsed = parseExperiment(JSON.stringify(tinyExperiment()));
  if (!parsed.ok) throw new Error("the experiment is wrong");
  const never = (): never => {
    throw new Error("the run was begun");
  };
  const session = runSession({
    experiment: parsed.experiment,
    stage: "pretrain",
    open: never,
    begin: never,
    experimentFile: join(folder, "tiny.maskdm.yaml"),
    weights: null,
    resumeFrom: null,
    pauseAt: null,
    knownClasses: null,
    notes: { note: () => {}, decoding: () => {} },
    startUp: new StartUp(),
  });
  return session.then(
    () => "",
    (error: Error) => error.message,
  );
}

describe("a session", () => {
  it("starts no engine where there are no images", async () => {
    expect(await failure()).toContain('images" does not exist (data.path is "images"');
    mkdirSync(join(folder, "images"));
    expect(await failure()).toContain('images" is empty');
    writeFileSync(join(folder, "images", "notes.txt"), "none");
    expect(await failure()).toContain('images" holds no images (1 file left out: 1 text file)');
    expect(threads).toBe(0);
  });

  it("starts one where there are", async () => {
    await writeImages(join(folder, "images"), { count: 8, size: 8 });
    // Of sources that are not bundled the engine's program is missing.
    expect(await failure()).toContain("engineWorker.js");
    expect(threads).toBe(1);
  });
});

describe("the first look", () => {
  it("finds images in folders below, and such without an extension", async () => {
    await writeImages(join(folder, "images"), { count: 1, size: 8, classes: ["a"] });
    await requireDataPath({ path: "images", ignore: [] }, folder);
    mkdirSync(join(folder, "plain"));
    writeFileSync(join(folder, "plain", "image"), Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"));
    await requireDataPath({ path: "plain", ignore: [] }, folder);
    rmSync(join(folder, "plain", "image"));
    await expect(requireDataPath({ path: "plain", ignore: [] }, folder)).rejects.toThrow(/is empty/);
  });
});
