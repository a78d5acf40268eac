/** What came out, as a page of docs/evidence. */
import { formatDuration } from "../../src/core/durationText.ts";
import { count, plural, short } from "../../src/core/numbers.ts";
import { pointText } from "../../src/core/study/axes.ts";
import type { StudyFacts } from "../../src/core/study/cellState.ts";
import { METRICS, type MetricName } from "../../src/core/study/metrics.ts";
import type { StudyPlan } from "../../src/core/study/plan.ts";
import type { StudyTable, TableRow } from "../../src/core/study/table.ts";
import { intervalText, metricFormat } from "../../src/core/study/words.ts";
import { table } from "../bench/tables.ts";
import type { EvidenceDocument, EvidenceStudy } from "./catalogue.ts";
import { differenceTo, type Group, groupsOf, measuredMetrics, tableOf, verdict } from "./compare.ts";
import { savings } from "./savings.ts";
import type { Speeds } from "./speeds.ts";

export interface ShownStudy extends EvidenceStudy {
  readonly plan: StudyPlan;
  readonly facts: StudyFacts;
  /** with their files, from the page on */
  readonly charts: readonly { readonly label: string; readonly file: string }[];
}

export interface Circumstances {
  /** YYYY-MM-DD */
  readonly date: string;
  /** the command line that makes the page */
  readonly command: string;
  /** a line for each machine that trained: processor, cores, backend */
  readonly machines: readonly string[];
  /** a line for each set of software, with the vector instructions of the kernels */
  readonly software: readonly string[];
  /** revisions of this repository that trained, and how many trainings each */
  readonly revisions: readonly { readonly revision: string; readonly trainings: number }[];
  /** when speeds were measured, ISO 8601; null: each study timed its steps itself */
  readonly speedsOf: string | null;
}

/** What people write stands above it, and stays. */
export const MARK = "<!-- All below is written by `npm run evidence`. -->";

/**
 * @param speeds of the trainings
 * @param before the page as it is; null: there is none
 */
export function page(
  { title, about, tellsSavings }: EvidenceDocument,
  studies: readonly ShownStudy[],
  circumstances: Circumstances,
  speeds: Speeds,
  before: string | null,
): string {
  const written = before?.split(MARK)[0]?.trimEnd() ?? `# ${title}\n\n*No conclusion is written yet.*`;
  const plans = studies.map(({ plan }) => plan);
  const saved = tellsSavings ? savings(plans, speeds) : "";
  return `${[written, MARK, about, how(studies, circumstances), missing(studies), saved, ...studies.map(section)]
    .filter((part) => part !== "")
    .join("\n\n")}\n`;
}

function how(studies: readonly ShownStudy[], of: Circumstances): string {
  const isTimed =
    of.machines.length > 0 &&
    studies.some(({ plan }) => [...plan.runs.values()].some(({ seconds }) => seconds !== null));
  const timed =
    of.speedsOf === null
      ? "A few steps of each training were timed when it began, and it got as many as take its seconds."
      : `Steps of all trainings were timed beforehand, alone and in turn (${of.speedsOf.slice(0, 10)}); each got as many as take its seconds, whatever went on beside it.`;
  return [
    `* ${of.date}. To repeat: \`${of.command}\` ([how](README.md)).`,
    ...of.machines.map((line) => `* ${line}.`),
    ...of.software.map((line) => `* ${line}.`),
    ...of.revisions.map(({ revision, trainings }) => `* ${plural(trainings, "training")} at revision ${revision}.`),
    ...(isTimed ? [`* ${timed}`] : []),
    "* An interval is that of 95 %: of a mean by bootstrap over seeds, of a difference by Student's t over pairs of the same seed. Told apart from the baseline is what has a difference whose interval does not hold 0; many rows are compared, and one in twenty would be told apart by chance.",
  ].join("\n");
}

function missing(studies: readonly ShownStudy[]): string {
  const lines = studies.flatMap(({ title, plan, facts }) => {
    const rows = groupsOf(plan).flatMap((group) => tableOf(group.plan, facts).rows);
    const all = rows.reduce((sum, { cells }) => sum + cells.length, 0);
    const done = rows.reduce((sum, { n }) => sum + n, 0);
    return done === all
      ? []
      : [`* ${title}: ${done === 0 ? "all" : `${count(all - done)} of`} ${plural(all, "cell")}.`];
  });
  return lines.length === 0 ? "" : `**Not computed yet:**\n\n${lines.join("\n")}`;
}

function section({ name, title, asks, names, plan, facts, charts }: ShownStudy): string {
  const groups = groupsOf(plan, names);
  const metrics = measuredMetrics(plan, facts);
  return [
    `## ${title}`,
    `${asks} ${budgetText(plan)} \`--only ${name}\``,
    ...(names === undefined ? [] : [legend(names, plan)]),
    ...groups.map((group) => comparison(group, facts)),
    ...(metrics.length > 1 ? groups.map((group) => measures(group, facts, metrics)) : []),
    ...charts.map(({ label, file }) => `![${[title, label].filter(Boolean).join(", ")}](${file})`),
  ].join("\n\n");
}

/** The keys that named points set. */
const legend = (names: readonly string[], { axes: [compared] }: StudyPlan): string =>
  names.map((name, i) => `* ${name}: ${pointText(compared!, compared!.points[i]!)}`).join("\n");

function budgetText({ study, seeds, axes }: StudyPlan): string {
  const varies = axes.some(({ points }) => points.some(({ values }) => "budget.seconds" in values));
  const { budget } = study;
  const amount =
    budget?.seconds !== undefined
      ? `${formatDuration(budget.seconds)} a cell, `
      : budget?.images !== undefined
        ? `${count(budget.images)} images a cell, `
        : varies
          ? ""
          : `${count(budget?.steps ?? 0)} steps a cell, `;
  return `${amount[0]?.toUpperCase() ?? ""}${amount.slice(1)}${amount === "" ? "S" : "s"}eeds ${seeds.join(", ")}.`;
}

function comparison({ label, plan }: Group, facts: StudyFacts): string {
  const made = tableOf(plan, facts);
  const { metric, rows } = made;
  const { title, better } = METRICS[metric];
  const format = metricFormat(made);
  const head = ["", "n", title, "95 %", "less the baseline", "", "steps", "seconds"];
  const lines = rows.map((row) => {
    const difference = differenceTo(rows[0]!, row);
    return [
      row.label,
      `${row.n} of ${row.cells.length}`,
      row.mean === null ? "missing" : format(row.mean),
      row.interval === null ? "" : intervalText(row.interval, format),
      difference === null ? "" : `${signed(difference.mean, format)} (${intervalText(difference, format)})`,
      verdict(rows[0]!, row, metric),
      stepsText(row, facts),
      row.seconds === null ? "" : short(row.seconds),
    ];
  });
  const failed = rows.flatMap((row) =>
    row.cells.flatMap(({ reason, seed }) => (reason === null ? [] : [`* ${row.label}, seed ${seed}: ${reason}`])),
  );
  const caption = `${label === "" ? "" : `**${label}** · `}${title}, ${better} is better`;
  return [caption, table([head, ...lines]), ...(failed.length === 0 ? [] : [failed.join("\n")])].join("\n\n");
}

const signed = (value: number, format: (value: number) => string): string =>
  value > 0 ? `+${format(value)}` : format(value);

/** "1,200 + 700", of the first seed that has them */
function stepsText({ cells }: TableRow, facts: StudyFacts): string {
  for (const { runs } of cells) {
    const steps = runs.flatMap((id) => facts.run(id)?.totalSteps ?? []);
    if (steps.length === runs.length && steps.length > 0) return steps.map(count).join(" + ");
  }
  return "";
}

/** Everything that was measured, as means with their intervals. */
function measures({ label, plan }: Group, facts: StudyFacts, metrics: readonly MetricName[]): string {
  const tables = metrics.map((metric) => tableOf(plan, facts, metric));
  const head = ["", ...metrics.map((metric) => `${METRICS[metric].title} (${METRICS[metric].better})`)];
  const lines = tables[0]!.rows.map((row, i) => [row.label, ...tables.map((own) => measure(own, own.rows[i]!))]);
  return [`${label === "" ? "" : `**${label}** · `}all measures`, table([head, ...lines])].join("\n\n");
}

function measure(own: StudyTable, { mean, interval }: TableRow): string {
  const format = metricFormat(own);
  if (mean === null) return "missing";
  return interval === null ? format(mean) : `${format(mean)} (${intervalText(interval, format)})`;
}
