/** Rules about the base and about what cells come to. */
import { joinOr } from "../../experiment/allowedValues.ts";
import type { Diagnostic } from "../../experiment/diagnostic.ts";
import { lintReading } from "../../lint/lint.ts";
import { maskPieces, onGrid } from "../../masks/schedule.ts";
import { plural } from "../../numbers.ts";
import { type Axis, keysOf } from "../axes.ts";
import { type Cell, isAboutMetric, type StudyPlan } from "../plan.ts";
import { settingPlace, stageSettings } from "../stageSet.ts";
import { placeOf, pointKey, type StudyContext, type StudyFinding, type StudyRule } from "../studyRule.ts";
import { withoutEffect } from "../withoutEffect.ts";

/** In the order of their codes. */
export const CELL_RULES: readonly StudyRule[] = [
  {
    code: "MDM900",
    name: "base-missing",
    severity: "error",
    explanation: "`base` names no experiment file that can be read. A relative path starts at the study file's folder.",
    fix: null,
    *check({ study, facts: { base } }) {
      if (base !== undefined && "missing" in base)
        yield {
          at: ["base"],
          message: `${study.base} cannot be read: ${base.missing}. base names an experiment file, from the study's folder on.`,
        };
    },
  },
  {
    code: "MDM901",
    name: "base-with-errors",
    severity: "error",
    explanation:
      "The experiment that `base` names has errors of its own, as `maskdm lint` reports them, which no axis takes away. The first one is named.",
    fix: null,
    *check(context) {
      const [first, ...others] = baseErrors(context);
      if (first === undefined) return;
      const more =
        others.length === 0 ? "" : ` There ${others.length === 1 ? "is 1 more" : `are ${others.length} more`}.`;
      yield { at: ["base"], message: `${context.study.base}, line ${first.line}: ${first.message}${more}` };
    },
  },
  {
    code: "MDM913",
    name: "cells-that-cannot-be-trained",
    severity: "warning",
    explanation:
      "With values of the axes the experiment has errors, so that these configurations are not trained; the others are. Underlined is the point that they have in common, or else an axis. It is an error where none can be trained, and a note where every point of every axis has some that can.",
    fix: null,
    *check(context) {
      const { plan } = context;
      const known = new Set(baseErrors(context).map(({ message }) => message));
      const problems = new Set(plan.configurations.flatMap((configuration) => configuration.problems));
      const trained = plan.configurations.filter((configuration) => configuration.problems.length === 0);
      for (const problem of problems)
        if (!known.has(problem) && !isAboutMetric(problem)) yield untrained(problem, plan, trained.length === 0);
    },
  },
  {
    code: "MDM914",
    name: "coinciding-cells",
    severity: "info",
    explanation:
      "Points of an axis come to the same training: rates that round to the same number of visible tokens, keys that only another strategy reads. They are trained once and shown in each place.",
    fix: null,
    *check({ plan, study }) {
      for (const [a, axis] of plan.axes.entries()) {
        // MDM908 says it of all its points.
        const isIdle = keysOf(axis).every((key) => withoutEffect(key, study) !== null);
        if (!isIdle) yield* coinciding(axis, a, plan);
      }
    },
  },
];

/** What no value of an axis can make good: it is no YAML, or not an experiment at all. */
export const isFatal = ({ severity, code }: Diagnostic): boolean => severity === "error" && code < "MDM010";

/** Errors of the base that no axis takes away. */
function baseErrors(context: StudyContext): Diagnostic[] {
  const { base, facts } = context;
  if (base === null || facts.base === undefined || "missing" in facts.base) return [];
  const errors = lintReading(base, facts.base.facts).filter(({ severity }) => severity === "error");
  if (base.experiment === null || errors.some(isFatal)) return errors;
  // What the text alone has wrong may be what an axis varies.
  const own = new Set(lintReading(base).map(({ message }) => message));
  const { plan } = context;
  const everywhere = (message: string): boolean =>
    plan.configurations.every(({ problems }) => problems.includes(message));
  return errors.filter(({ message }) => !own.has(message) || everywhere(message));
}

function untrained(problem: string, plan: StudyPlan, none: boolean): StudyFinding {
  const { axes, configurations, study } = plan;
  const having = configurations.filter(({ problems }) => problems.includes(problem));
  // The point that all of them have, and that has the problem wherever it stands.
  const culprit = axes.flatMap((axis, a) =>
    axis.points.flatMap((_, p) => {
      const there = configurations.filter(({ points }) => points[a] === p);
      return there.length === having.length && having.every(({ points }) => points[a] === p) ? [{ axis, p }] : [];
    }),
  )[0];
  const setting = stageSettings(study).find(({ key }) => problem.includes(key));
  const varied =
    axes.find(({ points }, a) => points.some((_, p) => having.every((one) => one.points[a] === p))) ?? axes[0];
  const hasOthers = axes.every(({ points }, a) =>
    points.every((_, p) => configurations.some((one) => one.points[a] === p && one.problems.length === 0)),
  );
  const which =
    having.length === configurations.length
      ? plural(having.length, "configuration")
      : `${having.length} of ${plural(configurations.length, "configuration")}`;
  return {
    at: culprit
      ? [[...placeOf(culprit.axis), culprit.p], placeOf(culprit.axis)]
      : setting
        ? [settingPlace(setting)]
        : varied
          ? [placeOf(varied)]
          : ["base"],
    severity: none ? "error" : hasOthers ? "info" : "warning",
    message: `${which} cannot be trained${having[0]!.label === "" ? "" : ` (${having[0]!.label}${having.length > 1 ? ", …" : ""})`}: ${problem}`,
  };
}

function* coinciding(axis: Axis, a: number, plan: StudyPlan): Generator<StudyFinding> {
  const { configurations } = plan;
  const cellOf = new Map<number, Cell>();
  for (const cell of plan.cells) if (!cellOf.has(cell.configuration)) cellOf.set(cell.configuration, cell);
  const twins = new Map<string, Map<number, Cell>>();
  for (const { index, points, problems } of configurations) {
    if (problems.length > 0) continue;
    const others = points.filter((_, i) => i !== a).join();
    const row = twins.get(others) ?? new Map<number, Cell>();
    row.set(points[a]!, cellOf.get(index)!);
    twins.set(others, row);
  }
  const rows = [...twins.values()];
  if (rows.length === 0) return;
  const said = new Set<number>();
  for (const [p, { label }] of axis.points.entries()) {
    const same = axis.points.findIndex(
      (_, other) =>
        other < p && rows.every((row) => row.get(p) !== undefined && row.get(p)?.key === row.get(other)?.key),
    );
    if (same === -1) continue;
    said.add(p);
    // MDM905 says it of one that is there twice.
    if (pointKey(axis.points[p]!) === pointKey(axis.points[same]!)) continue;
    const names = `${axis.points[same]!.label} and ${label}`;
    yield {
      at: [[...placeOf(axis), p], placeOf(axis)],
      message: `${shortName(axis)} ${names} ${
        visibleText(
          axis,
          rows.map((row) => row.get(p)!),
        ) ?? "come to the same"
      }: trained once.`,
    };
  }
  const partly = rows.flatMap((row) =>
    [...row].filter(
      ([p, cell]) => !said.has(p) && [...row].some(([other, twin]) => other < p && twin.key === cell.key),
    ),
  );
  const [first] = partly;
  if (first === undefined) return;
  const twin = rows
    .flatMap((row) => [...row.values()])
    .find(({ key, configuration }) => key === first[1].key && configuration < first[1].configuration)!;
  const labels = [twin, first[1]].map(({ configuration }) => configurations[configuration]!.label);
  yield {
    at: [placeOf(axis)],
    message: `${partly.length} of ${plural(configurations.length, "configuration")} come to what another one is, such as "${labels[1]}" to "${labels[0]}": trained once.`,
  };
}

const shortName = ({ name }: Axis): string => name.split(".").at(-1)!;

/** "both show S = 16 of 64 tokens" where the axis varies the mask and that is what it comes to. */
function visibleText(axis: Axis, cells: readonly Cell[]): string | null {
  if (!keysOf(axis).every((key) => key.startsWith("mask."))) return null;
  const shown = new Set(
    cells.map(({ experiment }) => {
      const { mask, pretrain, data, model } = experiment!;
      const pieces = onGrid(maskPieces(mask, "pretrain", pretrain.steps), data.image_size / model.patch_size);
      return pieces?.length === 1 ? `${pieces[0]!.geometry.visibleTokens} of ${pieces[0]!.geometry.tokens}` : "";
    }),
  );
  return shown.has("") ? null : `both show S = ${joinOr([...shown])} tokens`;
}
