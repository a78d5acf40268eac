/** 2,000 mutated experiment files through `maskdm preview`: each is previewed, or refused with words for the user. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import { CommandExit, reportError } from "../../../src/trainer/cli/errors.ts";
import { previewExperiment } from "../../../src/trainer/cli/previewExperiment.ts";
import { plainPng, temporaryFolder, writeFiles } from "../data/testFolder.ts";
import { experimentFixtures } from "../lint/fixtures.ts";
import { mutate } from "../lint/mutate.ts";
import { memoryIo } from "./memoryIo.ts";

const MUTANTS = Number(process.env["FUZZ_MUTANTS"] ?? 2000);

let folder = "";
beforeAll(async () => {
  folder = temporaryFolder();
  const red = await plainPng("#ff0000");
  const blue = await plainPng("#0000ff");
  // The folders that the fixtures name.
  for (const name of ["images", "celeba", "vggface2"]) {
    writeFiles(folder, { [`${name}/a/red.png`]: red, [`${name}/b/blue.png`]: blue });
  }
});

describe("maskdm preview", () => {
  it(`shows or refuses ${MUTANTS} mutated experiment files, and never fails otherwise`, {
    timeout: 400_000,
  }, async () => {
    const sources = [
      ...experimentFixtures("good"),
      ...experimentFixtures("broken").filter(({ text }) => text.length < 8192),
    ];
    const counts = { shown: 0, refused: 0 };
    const file = join(folder, "mutant.maskdm.yaml");
    for (let seed = 0; seed < MUTANTS; seed++) {
      const source = sources[seed % sources.length]!;
      writeFileSync(file, mutate(source.text, seed));
      const { io, err } = memoryIo();
      // Small batches and images: what is drawn is tested elsewhere.
      const set = [
        { path: "pretrain.batch_size", value: "2" },
        { path: "data.image_size", value: "32" },
      ];
      try {
        const { report } = await previewExperiment(
          file,
          { batch: seed, stage: "pretrain", set, out: join(folder, "out"), runsDir: "runs" },
          io,
        );
        expect(report.images, `seed ${seed}`).toHaveLength(2);
        expect(report.S, `seed ${seed}`).toBe(report.images[0]!.visible.length);
        counts.shown++;
      } catch (error) {
        const expected = error instanceof UserError || error instanceof CommandExit;
        expect(expected, `seed ${seed} of ${source.name}: ${error instanceof Error ? error.stack : error}`).toBe(true);
        expect(reportError(error, io, false), `seed ${seed}`).toBeGreaterThan(0);
        expect(err.text, `seed ${seed}: something is said`).not.toBe("");
        expect(err.text, `seed ${seed}`).not.toMatch(/\n\s+at .*:\d+:\d+/);
        counts.refused++;
      }
    }
    // Mutants of one kind only would test little.
    expect(counts.shown).toBeGreaterThan(MUTANTS / 20);
    expect(counts.refused).toBeGreaterThan(MUTANTS / 10);
  });
});
