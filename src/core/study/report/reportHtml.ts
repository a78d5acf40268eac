/** A study as one HTML file that needs nothing else: no network, no script, no fonts; it prints. */
import { yamlText } from "../../experiment/yamlText.ts";
import { operations, plural } from "../../numbers.ts";
import { escapeXml } from "../../series/svgFrame.ts";
import { curvesSvg, MEASURE_TITLES } from "../charts/curves.ts";
import { dotPlotSvg } from "../charts/dotPlot.ts";
import { heatMapSvg } from "../charts/heatMap.ts";
import { NO_FILTER, parallelSvg } from "../charts/parallel.ts";
import { paretoSvg } from "../charts/pareto.ts";
import { METRICS } from "../metrics.ts";
import { rankedRows, type TableRow } from "../table.ts";
import { intervalText, metricFormat, secondsText, standingSentence, statesText } from "../words.ts";
import { answer, notes, warnings } from "./notes.ts";
import { PAGE_COLOURS, REPORT_STYLE } from "./reportStyle.ts";
import type { StudyReport } from "./studyReport.ts";

const WIDTH = 880;
const LOOK = { width: WIDTH, colours: PAGE_COLOURS };
/** Nothing is loaded from anywhere, whatever a name in a study may try. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/** @returns the whole file */
export function reportHtml(report: StudyReport): string {
  const { name, madeAt, madeBy } = report;
  const made = `${madeAt.slice(0, 16).replace("T", " ")} UTC`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escapeXml(name)}: report of a study</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<h1>${escapeXml(name)}</h1>
<p class="sub">Report of a study, made ${made} by MaskDM Studio ${escapeXml(madeBy)}</p>
<div class="answer">${paragraphs(answer(report))}</div>
${warnings(report).length === 0 ? "" : `<div class="warning">${paragraphs(warnings(report))}</div>`}
${asked(report)}
${results(report)}
${figures(report)}
${samples(report)}
<h2>What these numbers can say</h2>
<ul>${notes(report)
    .map((note) => `<li>${escapeXml(note)}</li>`)
    .join("\n")}</ul>
${unfinished(report)}
${computed(report)}
${again(report)}
</body>
</html>
`;
}

const paragraphs = (texts: readonly string[]): string => texts.map((text) => `<p>${escapeXml(text)}</p>`).join("");

function asked({ table, study, studyFile, studyText, baseFile, baseText }: StudyReport): string {
  const { title, description } = METRICS[table.metric];
  const { budget, evaluate, stages, halving } = study;
  const cells = table.rows.length * table.seeds.length;
  const facts: [string, string][] = [
    ...table.axes.map(({ name, points }): [string, string] => [name, points.map(({ label }) => label).join(" · ")]),
    ["seeds", table.seeds.join(", ")],
    ["stages", stages.join(", then ")],
    ["metric", `${title}: ${description}`],
    ...(budget === undefined ? [] : [["budget of a cell", yamlText(budget)] as [string, string]]),
    ...(METRICS[table.metric].of === null
      ? []
      : [["evaluation", `${plural(evaluate.samples, "image")} drawn, space ${evaluate.space}`] as [string, string]]),
    ...(halving === undefined ? [] : [["successive halving", yamlText(halving)] as [string, string]]),
  ];
  const rows = facts.map(([term, value]) => `<dt>${escapeXml(term)}</dt><dd>${escapeXml(value)}</dd>`).join("\n");
  return `<h2>What was asked</h2>
<p>${plural(table.rows.length, "configuration")} of ${escapeXml(baseFile)}, ${plural(table.seeds.length, "seed")} each: ${plural(cells, "cell")}.</p>
<dl>${rows}</dl>
${folded(`The study, ${studyFile}`, `<pre>${escapeXml(studyText)}</pre>`)}
${folded(`The experiment that it varies, ${baseFile}`, `<pre>${escapeXml(baseText)}</pre>`)}`;
}

const folded = (summary: string, body: string): string =>
  `<details><summary>${escapeXml(summary)}</summary>${body}</details>`;

function results({ table }: StudyReport): string {
  const format = metricFormat(table);
  const row = (own: TableRow): string => `<tr class="${own.standing === "best" ? "best" : ""}">
<th scope="row">${escapeXml(own.label)}</th>
<td class="number">${own.mean === null ? "" : format(own.mean)}</td>
<td class="number">${own.interval === null ? "" : intervalText(own.interval, format)}</td>
<td class="number">${own.n}</td>
<td class="number">${own.seconds === null ? "" : secondsText(own.seconds)}</td>
<td>${escapeXml(own.mean === null ? statesText(own) : standingSentence(own, format))}</td></tr>`;
  const { title, better } = METRICS[table.metric];
  return `<h2>Result</h2>
<div class="scroll"><table><thead><tr><th scope="col">Configuration</th><th scope="col" class="number">${title}</th>
<th scope="col" class="number">95 % interval</th><th scope="col" class="number">n</th><th scope="col" class="number">Training</th><th scope="col">Standing</th></tr></thead>
<tbody>${rankedRows(table).map(row).join("\n")}</tbody></table></div>
<p class="small">Means over seeds, the best first (${better} is better). Intervals: bootstrap over seeds. The paired interval of the difference decides on the standing.</p>`;
}

function figures({ table, curves }: StudyReport): string {
  const drawn: [string, string][] = [];
  if (table.axes.length > 1) {
    drawn.push([
      heatMapSvg(table, { ...LOOK, choice: null }),
      "Colour: the metric, even steps of which are even steps to the eye. Cells without a number are hatched: crossed where a training failed, slanted where it was given up, level where the configuration cannot be trained.",
    ]);
  }
  drawn.push([
    dotPlotSvg(table, { ...LOOK, order: "metric" }),
    "Sign: mean; bar: 95 % interval; thin strokes: single trainings. Dotted: the best mean. That two bars overlap says little: the paired differences decide.",
  ]);
  if (table.rows.some(({ mean, seconds }) => mean !== null && seconds !== null)) {
    drawn.push([
      paretoSvg(table, { ...LOOK, height: 440 }),
      "Bars: 95 % interval of the metric, shortest and longest training. Dashed: the front, on which no configuration is both better and quicker in its means.",
    ]);
  }
  if (table.rows.filter(({ mean }) => mean !== null).length > 1 && table.axes.length > 0) {
    drawn.push([parallelSvg(table, { ...LOOK, height: 400, filter: NO_FILTER }), "Each line is a configuration."]);
  }
  for (const { measure, axis, curves: folded } of curves) {
    const about =
      measure === "loss"
        ? "Losses of batches, averaged over about a hundredth of the steps. They compare only between configurations with the same mask, weighting and prediction."
        : `${MEASURE_TITLES[measure]} as measured during training.`;
    drawn.push([curvesSvg(table, { ...LOOK, height: 320, curves: folded, measure, axis, band: "range" }), about]);
  }
  return drawn
    .map(([svg, caption]) => `<figure>${svg}<figcaption>${escapeXml(caption)}</figcaption></figure>`)
    .join("\n");
}

function samples({ samples: all, table }: StudyReport): string {
  if (all.length === 0) return "";
  const format = metricFormat(table);
  const shown = all.map(({ row, seed, count, width, height, picture }) => {
    const own = table.rows[row]!;
    const words = `${own.label}: ${METRICS[table.metric].title} ${own.mean === null ? "?" : format(own.mean)}`;
    return `<figure class="strip"><figcaption>${escapeXml(words)}</figcaption><img src="${picture}" width="${width}" height="${height}" alt="${plural(count, "image")} drawn of ${escapeXml(own.label)}, training seed ${seed}"></figure>`;
  });
  const left = table.rows.length - all.length;
  return `<h2>Drawn images</h2>
<p class="small">The first images of each evaluation, none chosen: a column has the same noise everywhere. Training seed ${all[0]!.seed}, the best configuration first${left > 0 ? `; ${plural(left, "configuration")} not shown` : ""}.</p>
${shown.join("\n")}`;
}

function unfinished({ table }: StudyReport): string {
  const lines = table.rows.flatMap(({ label, cells }) =>
    cells
      .filter(({ reason }) => reason !== null)
      .map(({ seed, state, reason }) => ({ label, seed, state, reason: reason! })),
  );
  // All seeds of a configuration that cannot be trained have one reason.
  const told = new Map(
    lines.map((line) => [JSON.stringify([line.label, line.state === "refused" ? null : line.seed]), line]),
  );
  if (told.size === 0) return "";
  const rows = [...told.values()].map(
    ({ label, seed, state, reason }) =>
      `<tr><th scope="row">${escapeXml(label)}</th><td class="number">${state === "refused" ? "all" : seed}</td><td>${state}</td><td>${escapeXml(reason)}</td></tr>`,
  );
  return `<h2>Cells without a result</h2>
<div class="scroll"><table><thead><tr><th scope="col">Configuration</th><th scope="col" class="number">Seed</th><th scope="col">State</th><th scope="col">Reason</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>`;
}

function computed({ runs, machines, software, table }: StudyReport): string {
  const known = <T>(values: readonly (T | null)[]): T[] => values.filter((value): value is T => value !== null);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const seconds = known(runs.map((run) => run.seconds));
  const flops = known(runs.map((run) => run.flops));
  const facts: [string, string][] = [
    [
      "trainings",
      `${runs.length} for ${table.rows.length * table.seeds.length} cells; what cells share was computed once`,
    ],
    ["training", seconds.length === 0 ? "not known" : `${secondsText(sum(seconds))} in all, one after the other`],
    [
      "matrix products",
      flops.length === 0 ? "not known" : `${operations(sum(flops))} of training steps, by the cost model`,
    ],
    ...machines.map((line): [string, string] => ["machine", line]),
    ...software.map((line): [string, string] => ["software", line]),
  ];
  return `<h2>How it was computed</h2>
<dl>${facts.map(([term, value]) => `<dt>${escapeXml(term)}</dt><dd>${escapeXml(value)}</dd>`).join("\n")}</dl>`;
}

function again({ commands, runs, studyFile, baseFile }: StudyReport): string {
  const rows = runs.map(
    ({ id, stage, steps, seconds, flops, command }) =>
      `<tr><th scope="row">${escapeXml(id)}</th><td>${stage}</td><td class="number">${steps ?? ""}</td><td class="number">${seconds === null ? "" : secondsText(seconds)}</td><td class="number">${flops === null ? "" : operations(flops)}</td><td><code>${escapeXml(command)}</code></td></tr>`,
  );
  return `<h2>To run it again</h2>
<p>Save the two files above as ${escapeXml(studyFile)} and ${escapeXml(baseFile)} in places that fit each other, with the images where the experiment says. Cells that were computed before are not computed again.</p>
<pre>${commands.map(escapeXml).join("\n")}</pre>
${folded(
  `All ${plural(runs.length, "training")}, each with the command that does it alone`,
  `<div class="scroll"><table><thead><tr><th scope="col">Run</th><th scope="col">Stage</th><th scope="col" class="number">Steps</th><th scope="col" class="number">Training</th><th scope="col" class="number">Work</th><th scope="col">Command</th></tr></thead><tbody>${rows.join("\n")}</tbody></table></div>`,
)}`;
}
