/** What the parser and the schema refuse: the codes below MDM100. All are errors. */

import type { RuleText } from "./rule.ts";

export const READING_RULES: readonly Omit<RuleText, "severity">[] = [
  {
    code: "MDM000",
    name: "file-unreadable",
    explanation:
      "The file cannot be opened: it does not exist, is a folder, or may not be read. Reported by the command line.",
    fix: null,
  },
  {
    code: "MDM001",
    name: "yaml-syntax",
    explanation:
      "The text is not valid YAML (a missing colon, an open quote or bracket, keys that do not line up, control characters, bytes that are no UTF-8), or uses YAML in a way that has no meaning here (tags, unknown aliases, keys that are lists).",
    fix: null,
  },
  {
    code: "MDM002",
    name: "tab-indentation",
    explanation: "A line is indented with tabs. YAML takes spaces only.",
    fix: "Replaces all tabs at line starts by two spaces each.",
  },
  {
    code: "MDM003",
    name: "duplicate-key",
    explanation:
      "A key, or the merge key `<<`, is written twice in one section; which one counts would depend on the reader.",
    fix: null,
  },
  {
    code: "MDM004",
    name: "too-large",
    explanation:
      "The file is longer than 32 KiB or than 1,000 lines besides comments and blank ones, nested more than 12 levels deep (brackets and indentation are counted beforehand), or comes to more than 20,000 values once its aliases are followed. It is not read any further.",
    fix: null,
  },
  {
    code: "MDM005",
    name: "several-documents",
    explanation:
      "The file holds more than one YAML document (a line `---` or `...` ends the first). One file is one document.",
    fix: null,
  },
  {
    code: "MDM006",
    name: "not-an-experiment",
    explanation: "The file is empty, or is a list or a single value instead of sections with keys.",
    fix: "Writes the smallest experiment, or study, into an empty file.",
  },
  {
    code: "MDM007",
    name: "published-layout",
    explanation:
      "The file is a configuration of the method's published code: settings at the top, and sections `dataset` and `network`. `maskdm import` makes an experiment of it. Nothing else is said of such a file.",
    fix: null,
  },
  {
    code: "MDM010",
    name: "unknown-key",
    explanation:
      "There is no such key or section, or it belongs in another section, or it is written with a dot (`data.path: x`), which leads into no section. The message names the key that was probably meant.",
    fix: "Renames the key, where one is near; writes a key with a dot below its section.",
  },
  {
    code: "MDM011",
    name: "missing-key",
    explanation:
      "A key without a default is missing: `data.path` of an experiment, `base` of a study, `rungs` of `halving`.",
    fix: "Adds it with an example, such as `path: ./images`.",
  },
  {
    code: "MDM012",
    name: "wrong-type",
    explanation:
      "The value is of another kind than the key takes: a text for a number, a single value for a section, and so on.",
    fix: "Writes the value that was probably meant (`200k` as 200000, `yes` as true, a number without its quotes).",
  },
  {
    code: "MDM013",
    name: "out-of-range",
    explanation: "The value is of the right kind, but outside the range the key takes.",
    fix: "Writes the value that was probably meant (90 as 0.9 for a share), where one is likely.",
  },
  {
    code: "MDM014",
    name: "unknown-value",
    explanation: "The key takes one of a few values, and this is none of them.",
    fix: "Writes the nearest of them, where one is near.",
  },
  {
    code: "MDM015",
    name: "empty-value",
    explanation: "A key or section has no value.",
    fix: "Removes an empty section; puts a colour that YAML took for a comment in quotes.",
  },
  {
    code: "MDM016",
    name: "bad-override",
    explanation: "A `--set key=value` names no key, or its value is not valid YAML.",
    fix: null,
  },
];
