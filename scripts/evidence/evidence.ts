/** Computes the studies of documents one after another, and writes what they say. */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { machineText, softwareText } from "../../src/core/study/report/reportFacts.ts";
import { replaceFile } from "../../src/node/run/files.ts";
import { readRun } from "../../src/node/run/runFiles.ts";
import { studyFacts } from "../../src/node/study/studyReader.ts";
import type { EvidenceDocument } from "./catalogue.ts";
import { charts } from "./charts.ts";
import { listing } from "./listing.ts";
import { type Circumstances, page, type ShownStudy } from "./page.ts";
import { type PreparedStudy, prepareStudies, type Size } from "./prepare.ts";
import { measureSpeeds, readSpeeds, type Speeds, settleSteps, speedOf } from "./speeds.ts";

export interface EvidenceOptions {
  /** computes the documents' studies */
  readonly documents: readonly EvidenceDocument[];
  readonly size: Size;
  /** the only study to compute; null: all */
  readonly only: string | null;
  /** of the study files */
  readonly studiesDir: string;
  readonly runsDir: string;
  /** that the pages are written into */
  readonly out: string;
  /** the command line that makes a document, as its page names it */
  readonly command: (document: string) => string;
  /** Runs the program to its end, its output shown. @returns its exit code */
  readonly maskdm: (args: readonly string[]) => Promise<number>;
  /** Runs it with a text on stdin. @returns what it prints @throws where it fails */
  readonly time: (input: string) => Promise<string>;
  readonly say: (line: string) => void;
}

interface Prepared {
  readonly document: EvidenceDocument;
  readonly studies: readonly PreparedStudy[];
}

export class Evidence {
  private readonly prepared: readonly Prepared[];
  private readonly speedsFile: string;

  /** @throws Error where a study cannot be planned */
  constructor(private readonly options: EvidenceOptions) {
    const { documents, size, studiesDir, runsDir } = options;
    const into = join(runsDir, ".evidence", "studies");
    this.speedsFile = join(runsDir, ".evidence", "speeds.json");
    this.prepared = documents.map((document) => ({
      document,
      studies: prepareStudies(document, size, { from: studiesDir, into }),
    }));
  }

  /** What is to be computed, as text. */
  get list(): string {
    return listing(this.chosen, readSpeeds(this.speedsFile));
  }

  /** Those that are to be computed. @throws Error where there is none of the name that was asked for */
  private get chosen(): PreparedStudy[] {
    const { only } = this.options;
    const all = this.prepared.flatMap(({ studies }) => studies);
    const chosen = all.filter(({ name }) => only === null || name === only);
    if (chosen.length === 0) throw new Error(`there is no study ${only}; there are ${all.map(({ name }) => name)}`);
    return chosen;
  }

  /** Measures speeds that are missing. The machine should do nothing else. */
  measure(): Promise<Speeds> {
    const { time, say } = this.options;
    return measureSpeeds(
      this.chosen.map(({ loaded }) => loaded),
      this.speedsFile,
      time,
      say,
    );
  }

  /**
   * Computes what is missing, and writes the pages after each study.
   * @returns whether all cells of the chosen studies are done
   */
  async run(): Promise<boolean> {
    const { runsDir, maskdm, say } = this.options;
    const speeds = await this.measure();
    let isAll = true;
    for (const { name, file, loaded } of this.chosen) {
      say(`${name}:`);
      await settleSteps(loaded, runsDir, speeds);
      // Another size of a study takes its place; what was computed for the other stays.
      if ((await maskdm(["study", "run", file, "--runs-dir", runsDir, "--changed"])) !== 0) isAll = false;
      await this.write();
    }
    return isAll;
  }

  /** Writes the pages of what is there. */
  async write(): Promise<void> {
    for (const { document, studies } of this.prepared) await this.writePage(document, studies);
  }

  private async writePage(document: EvidenceDocument, studies: readonly PreparedStudy[]): Promise<void> {
    const { out, runsDir, say } = this.options;
    const pictures = join(out, document.name);
    rmSync(pictures, { recursive: true, force: true });
    mkdirSync(pictures, { recursive: true });
    const shown: ShownStudy[] = [];
    for (const study of studies) {
      const { name, names, loaded } = study;
      const { plan } = loaded;
      const facts = await studyFacts(runsDir, loaded.texts.name, plan);
      const made = charts(plan, facts, names).map(({ label, svg }, i) => {
        const file = `${name}${i === 0 ? "" : `-${i + 1}`}.svg`;
        replaceFile(join(pictures, file), svg, false);
        return { label, file: `${document.name}/${file}` };
      });
      shown.push({ ...study, plan, facts, charts: made });
    }
    const file = join(out, `${document.name}.md`);
    const before = existsSync(file) ? readFileSync(file, "utf8") : null;
    const speeds = readSpeeds(this.speedsFile);
    replaceFile(file, page(document, shown, this.circumstances(document, studies, speeds), speeds, before), false);
    say(file);
  }

  private circumstances({ name }: EvidenceDocument, studies: readonly PreparedStudy[], speeds: Speeds): Circumstances {
    const { runsDir, command } = this.options;
    const runs = new Map(studies.flatMap(({ loaded }) => [...loaded.plan.runs]));
    const records = [...runs.keys()].flatMap((id) => {
      const read = existsSync(join(runsDir, id)) ? readRun(join(runsDir, id)) : null;
      return read?.ok ? [read.value] : [];
    });
    const revisions = new Map<string, number>();
    for (const { git } of records) {
      const name = git === null ? "unknown" : `${git.revision.slice(0, 12)}${git.dirty ? " with changes" : ""}`;
      revisions.set(name, (revisions.get(name) ?? 0) + 1);
    }
    const timed = [...runs.values()].filter(({ id, seconds }) => seconds !== null && existsSync(join(runsDir, id)));
    return {
      date: new Date().toISOString().slice(0, 10),
      command: command(name),
      machines: [...new Set(records.map(machineText))],
      software: [...new Set(records.map(softwareText))],
      revisions: [...revisions].map(([revision, trainings]) => ({ revision, trainings })),
      speedsOf: timed.every((run) => speedOf(run, speeds) !== null) && timed.length > 0 ? speeds.measuredAt : null,
    };
  }
}
