/** `npm run evidence` from the first speed to the page, on images and networks of seconds. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, expect, it } from "vitest";
import type { EvidenceDocument } from "../../../scripts/evidence/catalogue.ts";
import { Evidence, type EvidenceOptions } from "../../../scripts/evidence/evidence.ts";
import { MARK } from "../../../scripts/evidence/page.ts";
import { ROUNDS, readSpeeds } from "../../../scripts/evidence/speeds.ts";
import { readStudyRecord } from "../../../src/node/study/recordFile.ts";
import { QUICK, recordOf, tinyExperiment, Workshop, writeImages } from "../training/support.ts";

const shop = new Workshop();

const TINY: EvidenceDocument = {
  name: "tiny",
  title: "Does it work?",
  about: "Small things.",
  tellsSavings: false,
  studies: [
    { name: "tiny-budgets", title: "Budgets", asks: "Which?", full: [{ path: ["seeds"], value: 4 }] },
    { name: "tiny-pictures", title: "Pictures", asks: "How?", names: ["slow", "quick"], full: [] },
  ],
};

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 60, size: 8 });
  mkdirSync(shop.path("studies"));
  // A second is more than a thousand steps: QUICK would save a hundred checkpoints in it.
  const rarely = { checkpoint_every: 1_000_000, held_out_every: 1_000_000, log_every: 100 };
  const stage = { ...QUICK, ...rarely };
  const data = { path: "../images", image_size: 8, holdout: 0.3 };
  const base = tinyExperiment({ data, pretrain: stage, finetune: stage, diffusion: { timesteps: 20 } });
  writeFileSync(shop.path("studies", "tiny.maskdm.yaml"), JSON.stringify(base));
  const write = (name: string, text: string): void =>
    writeFileSync(shop.path("studies", `${name}.maskstudy.yaml`), `base: tiny.maskdm.yaml\n${text}`);
  write(
    "tiny-budgets",
    `metric: held_out_loss
stages: [finetune]
budget: {pretrain: 0.5}
axes:
  lr: [{finetune.lr: 1e-3}, {finetune.lr: 2e-3}]
  budget.seconds: [10, 20]
`,
  );
  write(
    "tiny-pictures",
    `metric: kid
evaluate: {samples: 50, space: random-convolutions}
stages: [finetune]
budget: {images: 400}
axes:
  lr: [{finetune.lr: 1e-3}, {finetune.lr: 2e-3}]
`,
  );
});

/** What the program said on stderr. */
let told = "";

function evidence(change: Partial<EvidenceOptions> = {}): Evidence {
  const run = (args: readonly string[], input: string): Promise<{ code: number | null; out: string }> => {
    const child = spawn(shop.commandLine(args), { shell: true, cwd: shop.folder });
    child.stdin.end(input);
    let out = "";
    child.stdout.on("data", (data) => (out += data));
    child.stderr.on("data", (data) => (told += data));
    return new Promise((done) => child.on("close", (code) => done({ code, out })));
  };
  return new Evidence({
    ...{ documents: [TINY], size: { full: false, seeds: 2, seconds: 2 }, only: null, say: () => {} },
    ...{ studiesDir: shop.path("studies"), runsDir: shop.path("runs"), out: shop.path("out") },
    command: (name) => `npm run evidence -- ${name} --seeds 2 --seconds 2`,
    maskdm: async (args) => (await run(args, "")).code ?? 1,
    time: async (input) => (await run(["study", "time"], input)).out,
    ...change,
  });
}

const read = (...parts: string[]): string => readFileSync(shop.path(...parts), "utf8");

it("says what is missing, measures speeds, computes once, and writes pages with tables and pictures", async () => {
  mkdirSync(shop.path("out"));
  await evidence().write();
  const empty = read("out", "tiny.md");
  expect(empty).toContain("**Not computed yet:**\n\n* Budgets: all 8 cells.\n* Pictures: all 4 cells.");
  expect(empty).toMatch(/\| lr 0\.001 +\| 0 of 2 \| missing /);
  writeFileSync(shop.path("out", "tiny.md"), empty.replace("*No conclusion is written yet.*", "It does."));

  expect(await evidence({ only: "tiny-budgets" }).run(), told).toBe(true);
  const { secondsPerStep } = readSpeeds(shop.path("runs", ".evidence", "speeds.json"));
  const speeds = Object.values(secondsPerStep);
  expect(speeds.map(({ length }) => length)).toEqual([ROUNDS]);
  // The steps of every training come from these, and its seconds are scaled.
  const study = readStudyRecord(shop.path("runs"), "tiny-budgets");
  if (!study.ok) throw new Error(study.reason);
  const settled = Object.entries(study.value.settled);
  expect(settled).toHaveLength(8);
  for (const [id, { steps, secondsPerStep: own }] of settled) {
    expect(speeds.map((rounds) => Math.min(...rounds))).toContain(own);
    expect(recordOf(shop.run(id)).totalSteps).toBe(steps);
  }
  const half = read("out", "tiny.md");
  expect(half).toContain("**Not computed yet:**\n\n* Pictures: all 4 cells.");

  expect(await evidence().run(), told).toBe(true);
  const page = read("out", "tiny.md");
  expect(page).not.toContain("Not computed yet");
  expect(page).not.toContain("missing");
  expect(page.split(MARK)[0]).toContain("It does.");
  expect(page).toContain("`npm run evidence -- tiny --seeds 2 --seconds 2`");
  expect(page).toMatch(/\* .+, \d+ cores?, .+ backend native/);
  expect(page).toMatch(/backend kernels for \w+/);
  expect(page).toMatch(/timed beforehand, alone and in turn \(\d{4}-\d\d-\d\d\)/);
  expect(page).toMatch(/\*\*seconds 1\*\* · Held-out loss, lower is better/);
  expect(page).toMatch(/\| lr 0\.002 +\| 2 of 2 +\| [\d.]+ +\| [\d.]+ to [\d.]+ +\| [+−][\d.]+ \(.+ to .+\) +\| /);
  expect(page).toContain("* slow: lr 0.001\n* quick: lr 0.002\n");
  expect(page).toMatch(/\| quick +\| 2 of 2 /);
  expect(read("out", "tiny", "tiny-pictures.svg")).toContain(">quick</text>");
  expect(page).toMatch(/KID \(lower\).+Copies \(lower\).+Held-out loss \(lower\)/);
  expect(readdirSync(shop.path("out", "tiny")).sort()).toEqual(["tiny-budgets.svg", "tiny-pictures.svg"]);
  for (const [, file] of page.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g))
    expect(existsSync(shop.path("out", file!))).toBe(true);
  expect(read("out", "tiny", "tiny-budgets.svg")).toContain("Held-out loss, mean and its 95 % interval");

  // Asked for again beside the second study, the first one computed nothing.
  expect(settled.map(([id]) => recordOf(shop.run(id)).sessions.length)).toEqual(settled.map(() => 1));
  expect(evidence().list).toMatch(/\| in all +\| 12 +\| 12 /);
  expect(evidence({ size: { full: true, seeds: null, seconds: 2 } }).list).toMatch(/\| tiny-budgets +\| 16 /);
  expect(() => evidence({ only: "other" }).list).toThrow("there is no study other");
}, 400_000);
