/** The text of a reference page, from the same sources as docs/lint-rules.md and docs/experiment-file.md. */
import { experimentKeys } from "../experiment/keys.ts";
import { READING_RULES } from "../lint/readingRules.ts";
import type { RuleText } from "../lint/rule.ts";
import { RULES } from "../lint/rules.ts";
import { studyKeys } from "../study/kind.ts";
import { STUDY_RULES } from "../study/rules.ts";
import { keyMarkdown, sectionMarkdown } from "./keyMarkdown.ts";

export interface ReferenceTopic {
  /** code of the rule, or the key or section as it is written with dots */
  readonly topic: string;
  readonly kind: "rule" | "key" | "section";
  /** Markdown */
  readonly page: string;
  /** null: it is none */
  readonly rule: RuleText | null;
}

/** @param name code or name of a rule, name of a section or dotted key; null: there is none of that name */
export function findTopic(name: string): ReferenceTopic | null {
  const rule = ALL_RULES.find((one) => one.code === name.toUpperCase() || one.name === name);
  if (rule !== undefined) return { topic: rule.code, kind: "rule", page: rulePage(rule), rule };
  const tables = [experimentKeys(), studyKeys()];
  const key = tables.map(({ keys }) => keys.get(name)).find(Boolean);
  if (key !== undefined) return { topic: name, kind: "key", page: `# ${name}\n\n${keyMarkdown(key)}\n`, rule: null };
  const section = tables.map(({ sections }) => sections.get(name)).find(Boolean);
  if (section === undefined) return null;
  const own = section.keys.map((spec) => `## ${spec.path}\n\n${keyMarkdown(spec)}\n`);
  const page = [`# ${name}\n\n${sectionMarkdown(section)}\n`, ...own].join("\n");
  return { topic: name, kind: "section", page, rule: null };
}

/** The page alone; null: there is none of that name. */
export const referencePage = (name: string): string | null => findTopic(name)?.page ?? null;

const ALL_RULES: readonly RuleText[] = [
  ...READING_RULES.map((rule) => ({ ...rule, severity: "error" as const })),
  ...RULES,
  ...STUDY_RULES,
];

function rulePage({ code, name, severity, explanation, fix }: RuleText): string {
  return `# ${code} ${name}

*${severity}: ${SEVERITY_MEANING[severity]}*

${explanation}

**Quick fix:** ${fix ?? "none; what is meant is for you to say."}
`;
}

const SEVERITY_MEANING: Readonly<Record<RuleText["severity"], string>> = {
  error: "the file cannot be used as it is",
  warning: "the file can be used, but hardly does what is meant",
  info: "good to know",
};
