/**
 * A study from its editor to the heat map, on the packaged extension: 2 axes of 2 values, 3 seeds; the window is reloaded and a
 * training killed on the way. The steps build on each other, so the first that fails ends the journey.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Frame } from "playwright-core";
import { fixtureWorkspace, type TemporaryFolder } from "../../scripts/vscode/fixtureWorkspace.ts";
import { parseRun, type RunRecord } from "../../src/core/run/record.ts";
import { readStatus } from "../../src/node/run/status.ts";
import { type Editor, launch, packagedExtension } from "./driver.ts";
import { stepsInOrder } from "./inOrder.ts";
import { until } from "./until.ts";

/** Pretraining takes some seconds, so that one can be caught at work; all else is as short as can be. */
const EXPERIMENT = `data:
  path: images
  image_size: 8
model:
  patch_size: 2
  embed_dim: 16
  depth: 3
  num_heads: 2
diffusion:
  timesteps: 50
mask:
  block_size: 2
  rate: 0.5
pretrain:
  steps: 3000
  batch_size: 8
  warmup_steps: 5
  sample_every: 0
  checkpoint_every: 100
finetune:
  steps: 40
  batch_size: 8
  warmup_steps: 5
  sample_every: 0
sample:
  steps: 2
`;
const STUDY = `# Which mask pretrains best?
base: small.maskdm.yaml
axes:
  mask.strategy: [patch, block]
seeds: 3
evaluate:
  samples: 50
  space: random-convolutions
`;
const CELLS = 12;
/** Each strategy and seed is pretrained once, and finetuned with both learning rates. */
const PRETRAININGS = 6;
const WHOLE_STUDY_MS = 240_000;

describe("a study in the editor", () => {
  let folder: TemporaryFolder;
  let editor: Editor;
  let killed: string;
  const file = (): string => join(folder.path, "masks.maskstudy.yaml");
  const runsDir = (): string => join(folder.path, "runs");
  const page = (): Promise<Frame> => editor.webview('body[data-view="study"]');

  before(async () => {
    folder = await fixtureWorkspace();
    writeFileSync(join(folder.path, "small.maskdm.yaml"), EXPERIMENT);
    writeFileSync(file(), STUDY);
    editor = await launch({ workspace: folder.path, vsix: packagedExtension() });
  });
  after(async () => {
    await editor?.palette("MaskDM: Stop Study").catch(() => undefined);
    await editor?.close();
    await folder?.remove();
  });
  stepsInOrder(() => editor, "study-failed");

  it("shows what it comes to, and writes an axis into the text", async () => {
    await editor.openFile("masks.maskstudy.yaml");
    await editor.palette("MaskDM: Open Study");
    const study = await page();
    await until("6 cells", async () => /\b6\b/.test(await study.locator('[data-tile="cells"]').innerText()));
    await study.getByLabel("Key of a new axis").fill("finetune.lr");
    await study.getByLabel("Values of a new axis").fill("1e-4, 1e-3");
    await study.getByLabel("Values of a new axis").press("Enter");
    await until("12 cells", async () => /\b12\b/.test(await study.locator('[data-tile="cells"]').innerText()));
    ok(/6 shared pretrainings/.test(await study.locator('[data-tile="trainings"]').innerText()));
    await editor.save("the axis in the file", () =>
      /^ {2}finetune\.lr: \[1e-4, 0\.001\]$/m.test(readFileSync(file(), "utf8")),
    );
    ok(readFileSync(file(), "utf8").startsWith("# Which mask pretrains best?"), "comments stay");
    await editor.screenshot("study-plan");
  });

  it("runs in the background, and its cells move", async () => {
    const study = await page();
    await study.locator('[data-action="run"]').click();
    await study.locator("#tab-cells").click();
    equal(await study.locator(".cell").count(), CELLS);
    await study.locator('.cell[data-state="training"]').first().waitFor({ timeout: 60_000 });
    await editor.screenshot("study-cells");
  });

  it("is where it was after the window was reloaded, and goes on", async () => {
    await editor.reload();
    const study = await page();
    await study.locator('.cell[data-state="done"]').first().waitFor({ timeout: 90_000 });
    equal(await study.locator("#tab-cells").getAttribute("aria-selected"), "true");
  });

  it("goes on by itself after the training at work was killed", async () => {
    let found: RunRecord | undefined;
    await until(
      "a pretraining at work that has saved",
      () => {
        found = records().find(({ id, stage }) => stage === "pretrain" && isAtWork(id) && hasCheckpoint(id));
        return found !== undefined;
      },
      90_000,
    );
    killed = found!.id;
    process.kill(found!.pid, "SIGKILL");
    await until("another session of it", () => recordOf(killed).sessions.length === 2, 60_000);
  });

  it("comes to the heat map", async () => {
    const study = await page();
    await until(
      "all cells done",
      async () => (await study.locator('.cell[data-state="done"]').count()) === CELLS,
      WHOLE_STUDY_MS,
    );
    await editor.page.locator(".notifications-toasts", { hasText: "12 of 12 cells are done" }).waitFor();
    await study.locator("#tab-results").click();
    const heat = study.locator('[data-chart="heat-map"] .chart-picture svg');
    await heat.waitFor();
    equal(await heat.locator(".mark").count(), 4);
    await editor.screenshot("study-results");
  }).timeout(WHOLE_STUDY_MS + 60_000);

  it("has computed nothing twice", () => {
    const all = records();
    equal(all.length, PRETRAININGS + CELLS);
    deepEqual(
      all.filter(({ sessions }) => sessions.length > 1).map(({ id }) => id),
      [killed],
    );
    const [, second] = recordOf(killed).sessions;
    ok(second!.fromStep >= 100, "it went on from a checkpoint");
    for (const { id, stage } of all) equal(evaluations(id), stage === "finetune" ? 1 : 0, id);
  });

  it("opens the runs of a cell", async () => {
    const study = await page();
    await study.locator("#tab-cells").click();
    await study.locator(".cell").first().click();
    const dashboard = await editor.webview('body[data-view="dashboard"]');
    await until("both stages", async () => (await dashboard.locator("aside li").count()) === 2);
  });

  const records = (): RunRecord[] =>
    names(runsDir())
      .filter((name) => !name.startsWith("."))
      .flatMap((id) => {
        const parsed = parseRun(readFileSync(join(runsDir(), id, "run.json"), "utf8"));
        return parsed.ok ? [parsed.value] : [];
      });
  const recordOf = (id: string): RunRecord => records().find((record) => record.id === id)!;
  const isAtWork = (id: string): boolean => {
    const status = readStatus(join(runsDir(), id));
    return status.ok && status.value.state === "running";
  };
  // One that is being written has another name.
  const hasCheckpoint = (id: string): boolean =>
    names(join(runsDir(), id, "checkpoints")).some((name) => /^step-\d+$/.test(name));
  const evaluations = (id: string): number =>
    names(join(runsDir(), id)).includes("evaluations.jsonl")
      ? readFileSync(join(runsDir(), id, "evaluations.jsonl"), "utf8")
          .trim()
          .split("\n").length
      : 0;
});

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // it is not there yet
  }
}
