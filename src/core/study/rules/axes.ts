/** Rules about what varies. */
import { yamlText } from "../../experiment/yamlText.ts";
import { plural } from "../../numbers.ts";
import { keysOf } from "../axes.ts";
import { cellCount, MOST_CELLS, seedCount } from "../plan.ts";
import { placeOf, pointKey, type StudyRule } from "../studyRule.ts";
import { withoutEffect } from "../withoutEffect.ts";

/** Those that no study can do without; they ask for the text alone. */
export const AXIS_TEXT_RULES: readonly StudyRule[] = [
  {
    code: "MDM906",
    name: "key-varies-twice",
    severity: "error",
    explanation:
      "Two axes vary one key: in a combination of both it would have two values. Keys that vary together are one axis, a list of mappings.",
    fix: null,
    *check({ axes }) {
      const owners = new Map<string, string>();
      for (const axis of axes) {
        for (const key of keysOf(axis)) {
          const owner = owners.get(key);
          if (owner !== undefined)
            yield {
              at: [placeOf(axis)],
              message: `${key} varies along ${owner} already; in a combination it would have two values.`,
            };
          else owners.set(key, axis.name);
        }
      }
    },
  },
  {
    code: "MDM907",
    name: "seed-is-no-axis",
    severity: "error",
    explanation:
      "`seed` is an axis, or set for a stage. Seeds repeat every configuration, so that its spread is known, and are folded in tables and charts; `seeds` names them.",
    fix: "Moves a list of seeds to `seeds`.",
    *check({ axes, document }) {
      for (const axis of axes.filter((other) => keysOf(other).includes("seed"))) {
        const values = axis.points.map((point) => point.values["seed"]);
        const isPlain = axis.name === "seed" && values.every(Number.isInteger) && !document.isSet("seeds");
        yield {
          at: [placeOf(axis)],
          message:
            "seed is not varied along an axis: seeds repeat every configuration. Name them, or how many, under seeds.",
          ...(isPlain && {
            fix: { title: "Move to seeds", set: [["seeds", yamlText(values)]], remove: [placeOf(axis)] },
          }),
        };
      }
    },
  },
  {
    code: "MDM915",
    name: "too-many-cells",
    severity: "error",
    explanation: `The axes and seeds come to more than ${MOST_CELLS} cells, which is hardly meant: every combination of points is a configuration.`,
    fix: null,
    *check({ study, axes }) {
      const cells = cellCount(study);
      if (cells <= MOST_CELLS) return;
      const product = [...axes.map(({ points }) => points.length), seedCount(study)].join(" x ");
      yield { at: ["axes"], message: `${product} is ${plural(cells, "cell")}; a study has at most ${MOST_CELLS}.` };
    },
  },
];

export const AXIS_RULES: readonly StudyRule[] = [
  {
    code: "MDM904",
    name: "axis-with-one-point",
    severity: "warning",
    explanation: "An axis has a single point: it varies nothing, and its key might as well stand in the experiment.",
    fix: null,
    *check({ axes }) {
      for (const axis of axes) {
        if (axis.points.length === 1)
          yield {
            at: [placeOf(axis)],
            message: `${axis.name} has one point, ${axis.points[0]!.label}, so it does not vary. Give it more, or write the value into the experiment.`,
          };
      }
    },
  },
  {
    code: "MDM905",
    name: "repeated-point",
    severity: "warning",
    explanation: "An axis has the same point twice. It is computed once, but stands in two places of every table.",
    fix: "Removes the second one.",
    *check({ axes, study }) {
      for (const axis of axes) {
        const texts = axis.points.map(pointKey);
        const again = texts.findIndex((text, i) => texts.indexOf(text) < i);
        if (again === -1) continue;
        const written = study.axes[axis.name];
        const unique = Array.isArray(written) ? written.filter((_, i) => texts.indexOf(texts[i]!) === i) : null;
        yield {
          at: [[...placeOf(axis), again], placeOf(axis)],
          message: `${axis.name} has the point ${axis.points[again]!.label} twice.`,
          ...(unique && { fix: { title: "Remove repeated points", set: [[placeOf(axis), yamlText(unique)]] } }),
        };
      }
    },
  },
  {
    code: "MDM908",
    name: "axis-without-effect",
    severity: "warning",
    explanation:
      "A key varies that decides nothing here: no stage of the study reads it, as the mask where there is no pretraining; it changes how training is computed, shown or kept, not what is learned; images are drawn differently while the metric draws none; or the budget decides the steps. All of its points come to the same.",
    fix: "Takes the axis out.",
    *check({ axes, study }) {
      for (const axis of axes) {
        for (const key of keysOf(axis)) {
          const why = withoutEffect(key, study);
          if (why === null) continue;
          yield {
            at: [placeOf(axis)],
            message: `${key} has no effect: ${why}.`,
            ...(keysOf(axis).length === 1 && { fix: { title: `Remove ${axis.name}`, remove: [placeOf(axis)] } }),
          };
        }
      }
    },
  },
  {
    code: "MDM920",
    name: "nothing-varies",
    severity: "info",
    explanation:
      "A study without axes trains the experiment as it is, once for each seed: it tells the spread, and compares nothing.",
    fix: null,
    *check({ axes, document }) {
      if (axes.length === 0 && !document.isSet("axes"))
        yield {
          at: ["axes", "base"],
          message:
            "Nothing varies yet: the experiment is trained as it is. Name what is compared under axes, such as mask.rate: [0.5, 0.9].",
        };
    },
  },
];
