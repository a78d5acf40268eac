/** Gathers what a report of a study shows from its run folders. */
import { basename, join } from "node:path";
import sharp from "sharp";
import packageJson from "../../../package.json" with { type: "json" };
import type { StepMetrics } from "../../core/run/metrics.ts";
import type { StudyFacts } from "../../core/study/cellState.ts";
import { type SampleStrip, sampledCells, stripPixels, stripWidth } from "../../core/study/charts/sampleStrips.ts";
import { curveFigures } from "../../core/study/report/curveFigures.ts";
import { evaluationFacts, machineText, reportedRun, softwareText } from "../../core/study/report/reportFacts.ts";
import type { SampleFigure, StudyReport } from "../../core/study/report/studyReport.ts";
import { studyResults } from "../../core/study/results.ts";
import { kidFloor, type StudyTable, studyTable } from "../../core/study/table.ts";
import { readRunMetrics } from "../../node/run/metrics.ts";
import { readRun } from "../../node/run/runFiles.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import { cellSamples } from "../../node/study/cellSamples.ts";
import type { LoadedStudy } from "../../node/study/loadPlan.ts";
import { runCommand } from "../../node/study/runCommand.ts";

/** Configurations with pictures, images of each, and the side of an image: some megabytes at most. */
const MOST_STRIPS = 24;
const IMAGES = 12;
const LARGEST_SIDE = 72;

/** @param runsDir absolute */
export async function gatherReport(loaded: LoadedStudy, facts: StudyFacts, runsDir: string): Promise<StudyReport> {
  const { texts, plan } = loaded;
  const table = studyTable(plan, studyResults(plan, facts), kidFloor(plan, facts));
  const records = [...plan.runs.keys()].flatMap((id) => {
    const record = facts.run(id) === undefined ? null : readRun(join(runsDir, id));
    return record?.ok ? [record.value] : [];
  });
  const metrics = new Map<string, StepMetrics[]>();
  const stepsOf = (id: string): StepMetrics[] => {
    const steps = metrics.get(id) ?? readRunMetrics(join(runsDir, id));
    metrics.set(id, steps);
    return steps;
  };
  const [studyFile, baseFile] = [basename(texts.studyFile), basename(texts.baseFile)];
  return {
    ...{ name: texts.name, madeAt: new Date().toISOString(), madeBy: packageJson.version },
    ...{ studyFile, studyText: texts.studyText, baseFile, baseText: texts.baseText, study: plan.study, table },
    curves: curveFigures(table, plan.study.budget?.seconds === undefined ? "step" : "seconds", stepsOf),
    samples: await sampleFigures(loaded, facts, table, runsDir),
    evaluation: evaluationFacts(plan, facts),
    runs: [...plan.runs.values()].map((run) => reportedRun(run, facts, runCommand(run, baseFile, facts.record))),
    machines: [...new Set(records.map(machineText))],
    software: [...new Set(records.map(softwareText))],
    commands: [maskdmCommand("study", "run", studyFile), maskdmCommand("study", "report", studyFile)],
  };
}

async function sampleFigures(
  { plan }: LoadedStudy,
  facts: StudyFacts,
  table: StudyTable,
  runsDir: string,
): Promise<SampleFigure[]> {
  const figures: SampleFigure[] = [];
  for (const { row, cell } of sampledCells(table, MOST_STRIPS)) {
    const planned = plan.cells.find(({ configuration, seed }) => configuration === row.index && seed === cell.seed)!;
    const strip = cellSamples(planned, plan, facts, { runsDir, most: IMAGES });
    if (strip !== null) figures.push(await sampleFigure(strip));
  }
  return figures;
}

/** Small images are enlarged by the page, large ones made smaller here. */
async function sampleFigure(strip: SampleStrip): Promise<SampleFigure> {
  const { row, seed, count, side } = strip;
  const width = stripWidth(strip);
  const height = Math.min(side, LARGEST_SIDE);
  const pixels = sharp(stripPixels(strip), { raw: { width, height: side, channels: 4 } });
  const png = await pixels.resize({ height }).png().toBuffer();
  const shown = height * Math.max(1, Math.floor(LARGEST_SIDE / height));
  const picture = `data:image/png;base64,${png.toString("base64")}`;
  return { row, seed, count, width: Math.round((width * shown) / side), height: shown, picture };
}
