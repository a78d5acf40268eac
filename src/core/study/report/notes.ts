/** What the numbers of a study can say, and what they cannot. */
import { count, plural } from "../../numbers.ts";
import { median } from "../intervals.ts";
import { METRICS } from "../metrics.ts";
import { openCount } from "../progress.ts";
import { intervalText, metricFormat, secondsText } from "../words.ts";
import type { StudyReport } from "./studyReport.ts";

/** The answer in a few sentences. */
export function answer({ table }: StudyReport): string[] {
  const format = metricFormat(table);
  const { title } = METRICS[table.metric];
  const best = table.rows.find(({ standing }) => standing === "best");
  const amount = (standing: (typeof table.rows)[number]["standing"]): number =>
    table.rows.filter((row) => row.standing === standing).length;
  if (best?.mean == null) return ["No configuration has a result yet."];
  const spread = best.interval === null ? "" : `, 95 % interval ${intervalText(best.interval, format)}`;
  const near = amount("not different");
  const others = [
    [near, "does not differ from it", "do not differ from it"],
    [amount("worse"), "is worse", "are worse"],
    [amount("unsure"), "cannot be told from it", "cannot be told from it"],
    [amount("no result"), "has no result", "have no result"],
  ] as const;
  const rest = others.filter(([n]) => n > 0).map(([n, one, many]) => `${count(n)} ${n === 1 ? one : many}`);
  return [
    `Best mean: ${best.label}, ${title} ${format(best.mean)} (n = ${best.n}${spread}).`,
    ...(rest.length === 0 ? [] : [`Of the other configurations ${rest.join(", ")}.`]),
    ...(near > 0
      ? ["So this study does not single out one configuration: those that do not differ share the first place."]
      : []),
  ];
}

/** Why the answer is not to be read yet, or not without this; empty: nothing stands in the way. */
export function warnings({ table }: StudyReport): string[] {
  const { counts } = table;
  const all = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const open = openCount(counts);
  return [
    ...(open > 0
      ? [
          `Not finished: ${plural(counts.done, "cell")} of ${count(all)} done, ${count(open)} to come. What is best may change.`,
        ]
      : []),
    ...(counts.failed > 0
      ? [
          `${plural(counts.failed, "cell")} failed and ${counts.failed === 1 ? "is" : "are"} in no mean: a configuration that fails often looks better than it is.`,
        ]
      : []),
    ...(counts["given up"] > 0
      ? [
          `${plural(counts["given up"], "cell")} ${counts["given up"] === 1 ? "was" : "were"} given up by successive halving before ${counts["given up"] === 1 ? "its" : "their"} end: behind at that point is not the same as worse at the end.`,
        ]
      : []),
  ];
}

/** Paragraphs for who wants to rely on the numbers. */
export function notes(report: StudyReport): string[] {
  const { table, study, evaluation } = report;
  const { title, better, description } = METRICS[table.metric];
  const format = metricFormat(table);
  const seeds = table.seeds.length;
  const compared = table.rows.flatMap(({ toBest }) => toBest ?? []);
  const reach = median(compared.map(({ low, high }) => (high - low) / 2));
  return [
    `${title} is the ${description}; ${better} is better. A number is the mean over the trainings of a configuration that are done (n), which differ in their seed alone.`,
    intervalNote(seeds),
    seeds < 2
      ? "With one seed nothing can be called different or not different: how much trainings differ by chance is not known."
      : "Not different means: the differences to the best, seed by seed, have a mean whose 95 % interval (Student's t) holds 0. It is no proof that two configurations are equal.",
    ...(reach === undefined
      ? []
      : [
          `With these seeds, differences below about ${format(reach)} cannot be told from chance (half of a typical paired interval).`,
        ]),
    ...(table.rows.length > 2
      ? [
          `The best is chosen after the fact from ${count(table.rows.length)} configurations, so its mean flatters it a little; and of ${plural(compared.length, "comparison")} at 95 % about one in twenty says different by chance alone. Train the ones that matter again with new seeds before you publish.`,
        ]
      : []),
    ...(evaluation === null ? [] : evaluationNotes(report, format)),
    budgetNote(study),
    "Seconds of training are those of the steps on the machine below: starting, saving, drawing and measuring are left out, and another machine has others.",
  ];
}

function intervalNote(seeds: number): string {
  if (seeds < 2) return "One training has no interval.";
  const few =
    seeds <= 3
      ? ` Of ${seeds === 2 ? "two" : "three"} values it is their range, which holds the true mean in about ${seeds === 2 ? "one case of two" : "three cases of four"}, not in 95 of 100.`
      : seeds < 10
        ? ` Of ${count(seeds)} values it is somewhat too narrow.`
        : "";
  return `The interval of a mean is a 95 % percentile bootstrap over seeds.${few}`;
}

function evaluationNotes({ table, study, evaluation }: StudyReport, format: (value: number) => string): string[] {
  if (evaluation === null) return [];
  const { space, drawnBy, frechetName, trainingImages, heldOutImages, error, floorAgainst } = evaluation;
  const isFid = table.metric === "frechet" && frechetName === "FID";
  const measured = `Every cell was measured on ${plural(study.evaluate.samples, "image")} drawn from the same noise (seed ${study.evaluate.seed}, ${drawnBy}), against ${plural(trainingImages, "training image")}${heldOutImages > 0 ? `; ${plural(heldOutImages, "image")} were held out` : ""}, in the feature space ${space}. Such distances compare only with others in that space and of as many images; they are ${isFid ? "FID, of that many images" : "no FID"}.`;
  const floor =
    table.floor === null
      ? []
      : [
          `The floor, KID of half of the training images against ${floorAgainst === "held-out images" ? "held-out ones" : "the other half"}, is ${format(table.floor)}: what chance alone comes to. Values about it say that the images cannot be told from training images in this space, not that one configuration is better than another; KID is unbiased and may be below 0.`,
        ];
  return [
    measured,
    ...(error === null
      ? []
      : [
          `A single ${METRICS[table.metric].title} has a standard error of about ${format(error)} from the images drawn; it is part of the spread over seeds.`,
        ]),
    ...floor,
  ];
}

function budgetNote({ budget, stages }: StudyReport["study"]): string {
  if (budget === undefined)
    return "No budget was set: configurations take the steps of the experiment, and differ in the time that those take.";
  const all = stages.length > 1 ? ", all stages together" : "";
  if (budget.seconds !== undefined) {
    return `Every cell had ${secondsText(budget.seconds)} of training${all}: its steps were timed before it began. The time that it took in the end may differ by a little.`;
  }
  if (budget.images !== undefined)
    return `Every cell saw ${plural(budget.images, "image")} in training${all}; the time that it took differs.`;
  return `Every cell had ${plural(budget.steps ?? 0, "step")}${all}; the time that these took differs, so see quality against time, too.`;
}
