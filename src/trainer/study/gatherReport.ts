/** Gathers what a report of a study shows from its run folders. */
import { basename, join } from "node:path";
import sharp from "sharp";
import packageJson from "../../../package.json" with { type: "json" };
import { stageFacts } from "../../core/cost/stageFacts.ts";
import { bytes, plural } from "../../core/numbers.ts";
import type { Evaluation } from "../../core/run/evaluations.ts";
import type { StepMetrics } from "../../core/run/metrics.ts";
import type { RunRecord } from "../../core/run/record.ts";
import { evaluationOf, type StudyFacts } from "../../core/study/cellState.ts";
import { type SampleStrip, sampledCells } from "../../core/study/charts/sampleStrips.ts";
import { CURVE_MEASURES, foldSeeds, seedSeries } from "../../core/study/charts/seedCurves.ts";
import { mean } from "../../core/study/intervals.ts";
import type { PlannedRun } from "../../core/study/plan.ts";
import type {
  CurveFigure,
  EvaluationFacts,
  ReportedRun,
  SampleFigure,
  StudyReport,
} from "../../core/study/report/studyReport.ts";
import { studyResults } from "../../core/study/results.ts";
import { kidFloor, rankedRows, type StudyTable, studyTable } from "../../core/study/table.ts";
import { readRunMetrics } from "../../node/run/metrics.ts";
import { readRun } from "../../node/run/runFiles.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import { cellSamples } from "../../node/study/cellSamples.ts";
import type { LoadedStudy } from "../../node/study/loadPlan.ts";
import { runCommand } from "../../node/study/runCommand.ts";
import { encodePng } from "../sample/encodePng.ts";

/** Lines that can be told apart in one chart. */
const MOST_CURVES = 6;
/** Configurations with pictures, images of each, and the side of an image: some megabytes at most. */
const MOST_STRIPS = 24;
const IMAGES = 12;
const LARGEST_SIDE = 72;

export async function gatherReport(loaded: LoadedStudy, facts: StudyFacts, runsDir: string): Promise<StudyReport> {
  const { texts, plan } = loaded;
  const table = studyTable(plan, studyResults(plan, facts), kidFloor(plan, facts));
  const records = [...plan.runs.keys()].flatMap((id) => {
    const record = facts.run(id) === undefined ? null : readRun(join(runsDir, id));
    return record?.ok ? [record.value] : [];
  });
  const [studyFile, baseFile] = [basename(texts.studyFile), basename(texts.baseFile)];
  return {
    ...{ name: texts.name, madeAt: new Date().toISOString(), madeBy: packageJson.version },
    ...{ studyFile, studyText: texts.studyText, baseFile, baseText: texts.baseText, study: plan.study, table },
    curves: curveFigures(loaded, table, runsDir),
    samples: await sampleFigures(loaded, facts, table, runsDir),
    evaluation: evaluationFacts(loaded, facts),
    runs: [...plan.runs.values()].map((run) => reportedRun(run, facts, baseFile)),
    machines: [...new Set(records.map(machineText))],
    software: [...new Set(records.map(softwareText))],
    commands: [maskdmCommand("study", "run", studyFile), maskdmCommand("study", "report", studyFile)],
  };
}

/** Of the best configurations, and of the last one. */
function curveFigures({ plan }: LoadedStudy, table: StudyTable, runsDir: string): CurveFigure[] {
  const known = rankedRows(table).filter(({ mean: value }) => value !== null);
  const chosen = known.length <= MOST_CURVES ? known : [...known.slice(0, MOST_CURVES - 1), known.at(-1)!];
  const metrics = new Map<string, StepMetrics[]>();
  const stepsOf = (id: string): StepMetrics[] => {
    const steps = metrics.get(id) ?? readRunMetrics(join(runsDir, id));
    metrics.set(id, steps);
    return steps;
  };
  const axis = plan.study.budget?.seconds === undefined ? "step" : "seconds";
  return CURVE_MEASURES.flatMap((measure): CurveFigure[] => {
    const curves = chosen.flatMap(({ index, cells }) => {
      const done = cells.filter(({ state }) => state === "done");
      const series = done.map(({ runs }) => seedSeries(runs.map(stepsOf), measure, axis));
      return foldSeeds(index, series) ?? [];
    });
    // One point is no curve.
    return curves.some(({ xs }) => xs.length > 1) ? [{ measure, axis, curves }] : [];
  });
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
async function sampleFigure({ row, seed, count, side, channels, pixels }: SampleStrip): Promise<SampleFigure> {
  const data = new Uint8ClampedArray(pixels.length);
  for (let image = 0; image < count; image++) {
    for (let y = 0; y < side; y++) {
      const from = (image * side + y) * side * channels;
      data.set(pixels.subarray(from, from + side * channels), (y * count + image) * side * channels);
    }
  }
  const full = await encodePng({ data, width: count * side, height: side, channels });
  const height = Math.min(side, LARGEST_SIDE);
  const png = height === side ? full : await sharp(full).resize({ height }).png().toBuffer();
  const shown = height * Math.max(1, Math.floor(LARGEST_SIDE / height));
  const picture = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
  return { row, seed, count, width: count * shown, height: shown, picture };
}

function evaluationFacts({ plan }: LoadedStudy, facts: StudyFacts): EvaluationFacts | null {
  const all = plan.cells.flatMap((cell): Evaluation[] => {
    const run = cell.runs.length === 0 ? undefined : facts.run(cell.runs.at(-1)!.id);
    const evaluation = run === undefined ? null : evaluationOf(cell, plan, run);
    return evaluation === null ? [] : [evaluation];
  });
  const [first] = all;
  if (first === undefined) return null;
  const { space, sampler, samplerSteps, trainingImages, heldOutImages, kidFloor: floor } = first;
  return {
    ...{ space, trainingImages, heldOutImages, floorAgainst: floor.against },
    sampler: `${sampler} with ${plural(samplerSteps, "step")}`,
    kidError: mean(all.map(({ kid }) => kid.standardError)),
  };
}

function reportedRun(run: PlannedRun, facts: StudyFacts, baseFile: string): ReportedRun {
  const { id, stage, experiment } = run;
  const known = facts.run(id);
  const steps = known?.step ?? null;
  const pieces = stageFacts(experiment, stage, null)?.pieces;
  const flops =
    steps === null || pieces === undefined
      ? null
      : pieces.reduce(
          // Of a budget in seconds the steps are others than the experiment's: the last mask goes on.
          (sum, { from, until, flopsPerStep }, i) =>
            sum + Math.max(0, Math.min(steps, i === pieces.length - 1 ? steps : until) - from) * flopsPerStep,
          0,
        );
  return { id, stage, steps, seconds: known?.seconds ?? null, flops, command: runCommand(run, baseFile, facts.record) };
}

const machineText = ({ machine, platform, backend }: RunRecord): string =>
  [
    ...(machine === undefined ? [] : [machine.cpu, plural(machine.cores, "core"), bytes(machine.memoryBytes)]),
    ...[platform, `backend ${backend}`],
  ].join(", ");

const softwareText = ({ versions }: RunRecord): string =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
