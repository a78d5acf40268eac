/** The text of a reference page, from the same sources as docs/lint-rules.md and docs/experiment-file.md. */
import { experimentKeys } from "../../core/experiment/keys.ts";
import { READING_RULES } from "../../core/lint/readingRules.ts";
import type { RuleText } from "../../core/lint/rule.ts";
import { RULES } from "../../core/lint/rules.ts";
import { studyKeys } from "../../core/study/kind.ts";
import { STUDY_RULES } from "../../core/study/rules.ts";
import { keyMarkdown, sectionMarkdown } from "./keyMarkdown.ts";

/** @param topic code of a rule, name of a section or dotted key; null: there is none of that name */
export function referencePage(topic: string): string | null {
  const rule = ALL_RULES.find(({ code }) => code === topic);
  if (rule !== undefined) return rulePage(rule);
  const tables = [experimentKeys(), studyKeys()];
  const key = tables.map(({ keys }) => keys.get(topic)).find(Boolean);
  if (key !== undefined) return `# ${topic}\n\n${keyMarkdown(key)}\n`;
  const section = tables.map(({ sections }) => sections.get(topic)).find(Boolean);
  if (section === undefined) return null;
  const own = section.keys.map((spec) => `## ${spec.path}\n\n${keyMarkdown(spec)}\n`);
  return [`# ${topic}\n\n${sectionMarkdown(section)}\n`, ...own].join("\n");
}

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
