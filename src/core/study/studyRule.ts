/** What a rule about studies is and what it sees. */
import type { ExperimentDocument, KeyPath } from "../experiment/document.ts";
import type { ExperimentReading } from "../experiment/read.ts";
import { yamlText } from "../experiment/yamlText.ts";
import { RefusedKeyRead } from "../lint/applyRules.ts";
import type { LintFacts } from "../lint/facts.ts";
import type { Finding, Rule } from "../lint/rule.ts";
import { type Axis, type AxisPoint, keysOf, studyAxes } from "./axes.ts";
import type { StudyPlan } from "./plan.ts";
import { BUDGET_UNITS, type BudgetUnit, type StudyConfig } from "./schema.ts";

/** What only the caller of lint can know. */
export interface StudyLintFacts {
  readonly base?: BaseFacts;
  /** whether evaluate.space names a space or an ONNX file that is there */
  readonly space?: "there" | "missing" | "no ONNX file";
}

export type BaseFacts =
  /** the experiment that base names */
  | { readonly text: string; readonly facts: LintFacts }
  /** why it cannot be read, such as "there is no such file" */
  | { readonly missing: string };

export type StudyFinding = Finding<KeyPath>;
export type StudyRule = Rule<StudyContext, KeyPath>;

export class StudyContext {
  /**
   * @param study in which reading a refused key ends the rule
   * @param base what was read of the experiment; null: it is not known
   * @param planned null: there is no plan, as something is missing or wrong
   */
  constructor(
    readonly study: StudyConfig,
    readonly document: ExperimentDocument,
    readonly facts: StudyLintFacts = {},
    readonly base: ExperimentReading | null = null,
    private readonly planned: StudyPlan | null = null,
  ) {}

  get axes(): Axis[] {
    return studyAxes(this.study);
  }

  /** Ends the rule where there is none. */
  get plan(): StudyPlan {
    if (this.planned === null) throw new RefusedKeyRead("plan");
    return this.planned;
  }

  /** Units that the budget and the axes count in. */
  get units(): BudgetUnit[] {
    const varied = keysOf(...this.axes);
    return BUDGET_UNITS.filter((unit) => this.study.budget?.[unit] !== undefined || varied.includes(`budget.${unit}`));
  }
}

/** Equal for points that say the same. */
export const pointKey = ({ values }: AxisPoint): string =>
  yamlText(Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))));

/** Where an axis stands in the file. */
export const placeOf = ({ name }: Axis): readonly string[] => ["axes", name];
