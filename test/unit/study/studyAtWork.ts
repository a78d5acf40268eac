/** Studies of tiny experiments at work, for tests: the bundled command line and its real processes. */
import { existsSync, writeFileSync } from "node:fs";
import type { ExperimentInput } from "../../../src/core/experiment/schema.ts";
import { cellState } from "../../../src/core/study/cellState.ts";
import type { StudyRecord } from "../../../src/core/study/record.ts";
import { currentLock } from "../../../src/node/run/lockFiles.ts";
import { type LoadedStudy, loadPlan } from "../../../src/node/study/loadPlan.ts";
import { studyFolder, studyRecordFile } from "../../../src/node/study/places.ts";
import { readStudyRecord } from "../../../src/node/study/recordFile.ts";
import { studyFacts } from "../../../src/node/study/studyReader.ts";
import { type Outcome, QUICK, recordOf, statusOf, tinyExperiment, type Workshop } from "../training/support.ts";

/** Trained without images being drawn: the metric is the held-out loss. */
export function studyBase(shop: Workshop, name: string, change: Partial<ExperimentInput> = {}): void {
  const data = { path: "images", image_size: 8, holdout: 0.3 };
  const stage = { ...QUICK, steps: 20, held_out_every: 10 };
  shop.experiment(name, tinyExperiment({ data, pretrain: stage, finetune: stage, ...change }));
}

export class StudyAtWork {
  readonly runsDir: string;

  /** @param text of the study file without its base, which is the experiment of its name */
  constructor(
    private readonly shop: Workshop,
    readonly name: string,
    text: string,
    { runsDir = shop.path(`${name}-runs`) }: { readonly runsDir?: string } = {},
  ) {
    this.runsDir = runsDir;
    this.write(text);
  }

  get recordFile(): string {
    return studyRecordFile(this.runsDir, this.name);
  }

  get file(): string {
    return `${this.name}.maskstudy.yaml`;
  }

  write(text: string): void {
    writeFileSync(this.shop.path(this.file), `base: ${this.name}.maskdm.yaml\n${text}`);
  }

  command(...args: string[]): Promise<Outcome> {
    const [verb = "", ...options] = args;
    return this.shop.maskdm("study", verb, this.file, "--runs-dir", this.runsDir, ...options);
  }

  get loaded(): LoadedStudy {
    const load = loadPlan(this.shop.path(this.file));
    if (!load.ok) throw new Error(JSON.stringify(load));
    return load.value;
  }

  get record(): StudyRecord {
    const read = readStudyRecord(this.runsDir, this.name);
    if (!read.ok) throw new Error(read.reason);
    return read.value;
  }

  /** Ids of the trainings. */
  get runs(): string[] {
    return [...this.loaded.plan.runs.keys()];
  }

  run(id: string): string {
    return `${this.runsDir}/${id}`;
  }

  isRunning(id: string): boolean {
    return existsSync(this.run(id)) && statusOf(this.run(id)).state === "running";
  }

  /** Kinds of the cells' states. */
  async states(): Promise<string[]> {
    const { plan } = this.loaded;
    const facts = await studyFacts(this.runsDir, this.name, plan);
    return plan.cells.map((cell) => cellState(cell, plan, facts).kind);
  }

  /** Ids of the runs, with how many processes have written each. */
  sessions(): Record<string, number> {
    return Object.fromEntries(
      this.runs.filter((id) => existsSync(this.run(id))).map((id) => [id, recordOf(this.run(id)).sessions.length]),
    );
  }

  killWorker(): void {
    process.kill(currentLock(studyFolder(this.runsDir, this.name))!.pid, "SIGKILL");
  }
}
