/** Rules about seeds, stages, budget, evaluation and halving. */
import { yamlText } from "../../experiment/yamlText.ts";
import { plural } from "../../numbers.ts";
import { METRICS } from "../metrics.ts";
import { isAboutMetric } from "../plan.ts";
import { BUDGET_UNITS } from "../schema.ts";
import { stageSettings } from "../stageSet.ts";
import type { StudyRule } from "../studyRule.ts";

/** Those that no study can do without; they ask for the text alone. */
export const SETTING_TEXT_RULES: readonly StudyRule[] = [
  {
    code: "MDM910",
    name: "budget-unit",
    severity: "error",
    explanation: "A budget is counted in one of steps, seconds and images: it names none of them, or several.",
    fix: null,
    *check({ study, units, axes }) {
      const varied = axes.find(({ name }) => BUDGET_UNITS.some((unit) => name === `budget.${unit}`));
      if (study.budget === undefined) {
        if (varied !== undefined)
          yield {
            at: [["axes", varied.name]],
            message: `${varied.name} varies, but there is no budget: write budget: {pretrain: 0.5}, or another share for pretraining.`,
          };
      } else if (units.length === 0) {
        yield {
          at: ["budget"],
          message: "The budget says how much of what? Give it one of steps, seconds and images.",
        };
      } else if (units.length > 1) {
        yield {
          at: [`budget.${units[1]}`, ["axes", `budget.${units[1]}`], "budget"],
          message: `A budget is counted in one of steps, seconds and images, but this one in ${units.join(" and ")}. Keep one.`,
        };
      }
    },
  },
  {
    code: "MDM916",
    name: "rungs-not-ascending",
    severity: "error",
    explanation:
      "`halving.rungs` are shares of the last stage, one after the other: they ascend, and none is there twice.",
    fix: "Sorts them.",
    *check({ study: { halving } }) {
      if (halving === undefined) return;
      const sorted = [...new Set(halving.rungs)].sort((a, b) => a - b);
      if (yamlText(sorted) === yamlText(halving.rungs)) return;
      yield {
        at: ["halving.rungs"],
        message: `halving.rungs must ascend, but are ${yamlText(halving.rungs)}.`,
        fix: { title: `Write rungs: ${yamlText(sorted)}`, set: [["halving.rungs", yamlText(sorted)]] },
      };
    },
  },
];

export const SETTING_RULES: readonly StudyRule[] = [
  {
    code: "MDM911",
    name: "nothing-held-out",
    severity: "error",
    explanation:
      "The metrics `held_out_loss` and `kid_held_out` are measured on images that are kept out of training, and `data.holdout` keeps none out; or `held_out_loss`, which is measured during training, is not, as `held_out_every` of the last stage is 0; in the experiment or at a point of an axis.",
    fix: null,
    *check({ study, plan }) {
      const found = new Set(plan.configurations.flatMap(({ problems }) => problems.filter(isAboutMetric)));
      for (const problem of found) {
        const having = plan.configurations.filter(({ problems }) => problems.includes(problem)).length;
        const all = plan.configurations.length;
        const where = having === all ? "" : ` That is so for ${having} of ${plural(all, "configuration")}.`;
        const remedy = problem.includes("data.holdout")
          ? ` Write holdout: 0.1 into the section data of ${study.base}.`
          : "";
        yield { at: ["metric"], message: `${problem}${where}${remedy}` };
      }
    },
  },
  {
    code: "MDM912",
    name: "unknown-space",
    severity: "error",
    explanation:
      "`evaluate.space` is none of the spaces that are known by name, and there is no such file, or it is no ONNX file.",
    fix: null,
    *check({ study: { evaluate, metric }, facts }) {
      if (facts.space === undefined || facts.space === "there" || METRICS[metric].of === null) return;
      yield {
        at: ["evaluate.space"],
        message:
          facts.space === "missing"
            ? `There is no space ${evaluate.space}: it is neither efficientnet-lite0 nor random-convolutions, and there is no such file.`
            : `${evaluate.space} is no ONNX file.`,
      };
    },
  },
  {
    code: "MDM917",
    name: "more-samples-than-images",
    severity: "info",
    explanation:
      "More images are drawn of each cell than there are to compare them with. The smaller set decides how sure a distance is, so the others cost time and tell little.",
    fix: null,
    *check({ study, facts, plan }) {
      const images = facts.base && "facts" in facts.base ? facts.base.facts.dataset?.images : undefined;
      const holdout = plan.cells[0]?.experiment?.data.holdout ?? 0;
      const { samples } = study.evaluate;
      const isOfOthers = stageSettings(study).some(({ key }) => key === "data.path");
      if (isOfOthers || images === undefined || METRICS[study.metric].of === null || samples <= images) return;
      const trained = Math.round(images * (1 - holdout));
      yield {
        at: ["evaluate.samples", "metric", "base"],
        message: `${plural(samples, "image")} are drawn of each cell and compared with ${trained} of training: the smaller number decides how sure ${METRICS[study.metric].title} is.`,
      };
    },
  },
  {
    code: "MDM918",
    name: "one-seed",
    severity: "info",
    explanation:
      "With one seed the spread of a configuration is not known: there are no intervals, and no difference can be told from chance.",
    fix: null,
    *check({ study: { seeds } }) {
      if (seeds === 1 || (Array.isArray(seeds) && seeds.length === 1))
        yield {
          at: ["seeds"],
          message:
            "One seed gives no interval: whether configurations differ by more than chance stays open. Three are a beginning.",
        };
    },
  },
  {
    code: "MDM919",
    name: "repeated-seed",
    severity: "warning",
    explanation: "A seed, or a stage, is named twice; the second one is the first again, not another training.",
    fix: "Removes the second one.",
    *check({ study }) {
      for (const key of ["seeds", "stages"] as const) {
        const { [key]: list } = study;
        if (!Array.isArray(list)) continue;
        const unique = yamlText([...new Set<string | number>(list)]);
        if (unique === yamlText(list)) continue;
        yield {
          at: [key],
          message: `${key} has the same entry twice: ${yamlText(list)}.`,
          fix: { title: `Write ${key}: ${unique}`, set: [[key, unique]] },
        };
      }
    },
  },
  {
    code: "MDM909",
    name: "halving-without-choice",
    severity: "warning",
    explanation: "Successive halving gives up configurations that are behind, and there is a single one.",
    fix: "Takes halving out.",
    *check({ study: { halving }, plan }) {
      if (halving === undefined || plan.configurations.length > 1) return;
      yield {
        at: ["halving"],
        message: "halving chooses between configurations, and there is one.",
        fix: { title: "Remove halving", remove: ["halving"] },
      };
    },
  },
];
