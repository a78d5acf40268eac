import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { applyEdits } from "../../../src/core/experiment/lineIndex.ts";
import type { DatasetFacts } from "../../../src/core/lint/facts.ts";
import { datasetFacts } from "../../../src/node/facts/datasetFacts.ts";
import { experimentFacts } from "../../../src/node/facts/experimentFacts.ts";
import type { FileDiagnostic } from "../../../src/trainer/cli/lint.ts";
import { runCommandLine } from "../../../src/trainer/cli/program.ts";
import { writeCheckpoint } from "../../../src/trainer/run/checkpoint.ts";
import { memoryIo } from "../cli/memoryIo.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-lint-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** As many empty files with the names of images as a batch of the default size takes. */
function writeImages(): void {
  for (let i = 0; i < 256; i++) write(`images/${i}.png`, "");
}

async function run(...argv: string[]) {
  const { io, out, err } = memoryIo();
  const exitCode = await runCommandLine(argv, io);
  return { exitCode, out: out.text, err: err.text };
}

describe("maskdm lint", () => {
  it("prints file:line:column: severity code message, and ends with 2 where there are errors", async () => {
    writeImages();
    const file = write("a.maskdm.yaml", "data:\n  path: images\nmask:\n  rate: 0.9\n  block_size: 6\n  colour: red\n");
    const { exitCode, out, err } = await run("lint", file);
    expect(exitCode).toBe(2);
    expect(out.split("\n")[0]).toBe(
      `${file}:5:15: error MDM301 mask.block_size 6 does not divide the 16 x 16 grid: 16 / 6 leaves 4 tokens over. Block sizes that fit: 2, 4, 8.`,
    );
    expect(out.split("\n")[1]).toMatch(/:6:3: error MDM010 There is no key "colour" in the section mask\./);
    expect(err).toBe("1 file: 2 errors\n");
  });

  it("ends with 0 where there are warnings only", async () => {
    write("images/a.png", "");
    const file = write("a.maskdm.yaml", "data:\n  path: images\n  hflip: 1\n");
    const { exitCode, out } = await run("lint", file);
    expect(exitCode).toBe(0);
    expect(out).toContain("warning MDM108");
  });

  it("says so where there is nothing to say", async () => {
    writeImages();
    const file = write("a.maskdm.yaml", "data:\n  path: images\n");
    expect(await run("lint", file)).toEqual({ exitCode: 0, out: "", err: "1 file: nothing to complain about\n" });
  });

  it("--json prints one array for all files, fixes included, and nothing else", async () => {
    write("images/a.png", "");
    const first = write("a.maskdm.yaml", "data:\n  path: images\n  hflip: 50%\n");
    const missing = join(folder, "none.maskdm.yaml");
    const { exitCode, out, err } = await run("lint", first, missing, folder, "--json");
    expect(exitCode).toBe(2);
    expect(err).toBe("");
    const found = JSON.parse(out) as FileDiagnostic[];
    const percent = found.find(({ code }) => code === "MDM012")!;
    expect(percent).toEqual({
      file: first,
      line: 3,
      column: 10,
      endLine: 3,
      endColumn: 13,
      severity: "error",
      code: "MDM012",
      message: 'data.hflip must be a number from 0 to 1, but is the text "50%". Write 0.5.',
      fix: { title: "Write hflip: 0.5", edits: [{ line: 3, column: 10, endLine: 3, endColumn: 13, newText: "0.5" }] },
    });
    expect(applyEdits(readFileSync(first, "utf8"), percent.fix!.edits)).toBe("data:\n  path: images\n  hflip: 0.5\n");
    expect(found.filter(({ code }) => code === "MDM000").map(({ file }) => file)).toEqual([missing, folder]);
    expect(found.find(({ file }) => file === missing)!.message).toBe(
      "There is no such file. Make one with: maskdm new DIR",
    );
    for (const diagnostic of found)
      expect(
        Object.keys(diagnostic)
          .filter((key) => key !== "fix")
          .sort(),
      ).toEqual(["code", "column", "endColumn", "endLine", "file", "line", "message", "severity"]);
  });

  it("knows whether the images are there", async () => {
    const missing = write("a.maskdm.yaml", "data:\n  path: imges\n");
    expect((await run("lint", missing)).out).toContain('2:9: error MDM101 data.path: there is no folder "imges".');
    write("empty/readme.txt", "");
    const empty = write("b.maskdm.yaml", "data:\n  path: empty\n");
    expect((await run("lint", empty)).out).toContain("2:9: error MDM102");
  });

  it("compares with the experiment of the run that finetune.from names", async () => {
    writeImages();
    const file = write("a.maskdm.yaml", "data:\n  path: images\nfinetune:\n  from: ./runs/first\n");
    const text = readFileSync(file, "utf8");
    // Before the run exists, and while it has nothing to start from, lint does not judge it.
    expect((await experimentFacts(file, text, "runs")).checkpoint).toBe(undefined);
    write("runs/first/experiment.maskdm.yaml", "data:\n  path: images\nmodel:\n  patch_size: 8\n");
    expect((await experimentFacts(file, text, "runs")).checkpoint).toBe(undefined);
    const tensors = [{ name: "weight", shape: [1], data: new Float32Array(1) }];
    const state = { stage: "pretrain", step: 1, imagesSeen: 1, emaUpdates: 1, elapsedSeconds: 1 } as const;
    writeCheckpoint(join(folder, "runs/first"), state, { raw: tensors, ema: tensors, optimizer: tensors });
    const { exitCode, out } = await run("lint", file);
    expect(exitCode).toBe(2);
    expect(out).toContain("error MDM802 model.patch_size is 4, but ./runs/first was trained with 8: ");
  });

  it("needs a file", async () => {
    const { exitCode, err } = await run("lint");
    expect(exitCode).toBe(2);
    expect(err).toContain("missing required argument");
  });
});

describe("datasetFacts", () => {
  const known = (facts: Partial<DatasetFacts>) => ({ exists: true, leftOut: {}, ignoredByPattern: [], ...facts });

  it("counts images and the folders that hold them, whatever the case of the extension", async () => {
    for (const path of ["a/1.png", "a/2.JPG", "b/deep/3.webp", "c/notes.txt", ".hidden/4.png"]) write(path, "");
    const expected = known({ images: 3, classes: 2, classNames: ["a", "b"], leftOut: { text: 1 } });
    expect(await datasetFacts(folder, [])).toEqual(expected);
  });

  it("leaves out the pictures in run folders", async () => {
    for (const path of ["1.png", "runs/x/run.json", "runs/x/status.json", "runs/x/samples/step-1.png"]) write(path, "");
    expect(await datasetFacts(folder, [])).toEqual(known({ images: 1, classes: 0, classNames: [] }));
  });

  it("looks into files whose names do not say what they are", async () => {
    write("1.png", "");
    write("other/unnamed", "");
    write("other/get.jpg?size=large", "GIF89a");
    expect(await datasetFacts(folder, [])).toEqual(
      known({ images: 2, classes: 1, classNames: ["other"], leftOut: { empty: 1 } }),
    );
    expect(await datasetFacts(join(folder, "nowhere"), [])).toEqual({ exists: false });
    const problem = "cannot be used: it is empty. Copy or download it again.";
    expect(await datasetFacts(join(folder, "1.png"), [])).toEqual({ exists: true, noun: "file", problem });
  });

  it.skipIf(process.platform === "win32")("follows links, and not in circles", async () => {
    write("a/1.png", "");
    symlinkSync(folder, join(folder, "a", "loop"));
    expect(await datasetFacts(folder, [])).toEqual(known({ images: 1, classes: 1, classNames: ["a"] }));
  });
});

describe("maskdm lint of studies", () => {
  it("takes them by their extension, with base and images of their own folder", async () => {
    write("images/a.png", "");
    write("a.maskdm.yaml", "data: {path: images, image_size: 32}\n");
    const file = write("rates.maskstudy.yaml", "base: a.maskdm.yaml\naxes: {mask.rat: [0.5, 0.75]}\n");
    const { exitCode, out } = await run("lint", file);
    expect(exitCode).toBe(2);
    expect(out).toBe(`${file}:2:8: error MDM902 There is no key mask.rat in an experiment. Did you mean mask.rate?\n`);
    write("rates.maskstudy.yaml", "base: a.maskdm.yaml\naxes: {mask.rate: [0.5, 0.75]}\n");
    const clean = await run("lint", file);
    expect(clean.exitCode).toBe(0);
    expect(clean.out).toContain("info MDM917 500 images are drawn of each cell and compared with 1 of training");
  });

  it("looks for the base and the space where they are said to be", async () => {
    write("a.maskdm.yaml", "data: {path: nowhere}\n");
    write("net.onnx", "no network");
    const study = (base: string, space: string) =>
      write("s.maskstudy.yaml", `base: ${base}\naxes: {mask.rate: [0.5, 0.75]}\nevaluate: {space: ${space}}\n`);
    const codes = async (file: string) => [...(await run("lint", file)).out.matchAll(/MDM\d+/g)].map(String);
    expect(await codes(study("b.maskdm.yaml", "random-convolutions"))).toEqual(["MDM900"]);
    expect(await codes(study("a.maskdm.yaml", "net.onnx"))).toEqual(["MDM901", "MDM912"]);
    expect(await codes(study("a.maskdm.yaml", "inception-2015=./none.onnx"))).toEqual(["MDM901", "MDM912"]);
  });
});

describe("maskdm schema", () => {
  it("prints the published JSON Schema", async () => {
    const { exitCode, out, err } = await run("schema");
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
    expect(out).toBe(readFileSync("docs/schema/experiment.schema.json", "utf8"));
    expect((await run("schema", "--study")).out).toBe(readFileSync("docs/schema/study.schema.json", "utf8"));
  });
});
