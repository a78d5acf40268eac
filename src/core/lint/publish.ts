/** docs/lint-rules.md, generated from the rules. */

import { READING_RULES } from "./readingRules.ts";
import type { RuleText } from "./rule.ts";
import { RULES } from "./rules.ts";

export const LINT_DOCUMENT_PATH = "docs/lint-rules.md";

const INTRODUCTION = `<!-- Generated from src/core/lint by \`npm run docs\`. Do not edit. -->
# Lint rules

What \`maskdm lint FILE…\` reports, and what every command that reads an experiment or study file reports before it starts. Codes are stable: a
code is never reused and never changes its meaning, so scripts may rely on it. Messages may be reworded.

Severities: **error**, the file cannot be used as it is (exit code 2); **warning**, it can, but hardly does what is meant; **info**, good to
know. Some rules are milder in the cases that their text names.

\`maskdm lint --json\` prints an array of \`{file, line, column, endLine, endColumn, severity, code, message, fix?}\`. Lines and columns count
from 1, columns in UTF-16 units, and the end is exclusive. A \`fix\` is \`{title, edits: [{line, column, endLine, endColumn, newText}]}\`; its edits
do not overlap and refer to the file as it was linted.

Rules that need to know the machine, the images or a checkpoint keep silent where that is not known.
`;

const GROUPS: readonly (readonly [digit: string, title: string])[] = [
  ["1", "Images and labels"],
  ["2", "The network"],
  ["3", "The mask"],
  ["4", "The diffusion process"],
  ["5", "Training"],
  ["6", "Sampling"],
  ["7", "The machine"],
  ["8", "Checkpoints"],
  ["9", "Studies"],
];

/**
 * @param studyRules those about studies, which know of these
 * @returns path -> text
 */
export function publishedLintRules(studyRules: readonly RuleText[]): Record<string, string> {
  const reading = READING_RULES.map((rule) => ({ ...rule, severity: "error" as const }));
  const groups = GROUPS.map(
    ([digit, title]) => [title, [...RULES, ...studyRules].filter(({ code }) => code[3] === digit)] as const,
  );
  const sections = [["Reading the file", reading] as const, ...groups].map(
    ([title, rules]) => `## ${title}\n\n${table(rules)}\n`,
  );
  return { [LINT_DOCUMENT_PATH]: [INTRODUCTION, ...sections].join("\n") };
}

function table(rules: readonly RuleText[]): string {
  const rows = rules.map(({ code, name, severity, explanation, fix }) => {
    const cells = [`\`${code}\``, name, severity, explanation, fix ?? "–"];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return ["| code | name | severity | what and why | fix |", "|---|---|---|---|---|", ...rows].join("\n");
}
