/** The YAML parser's errors in plain English, at the place where a person would look. */
import { type Document, isCollection, isScalar, isSeq, type Node, visit } from "yaml";
import type { Diagnostic, Fix } from "./diagnostic.ts";
import { extent } from "./document.ts";
import type { LineIndex } from "./lineIndex.ts";

type YamlError = Document.Parsed["errors"][number];

/** More would repeat what the first ones say. */
const MAX_PROBLEMS = 10;
/** How many of the parser's own errors are looked at; one slip may cause thousands. */
const MAX_ERRORS = 200;

/** At most one problem per line: the parser reports several for one slip. */
export function syntaxProblems(yaml: Document.Parsed, lines: LineIndex): Diagnostic[] {
  const problems: Diagnostic[] = [];
  const seen = new Set<number>();
  const explained = new Set<number>();
  const errors = yaml.errors.slice(0, MAX_ERRORS);
  for (const [i, error] of errors.entries()) {
    if (error.code === "MULTILINE_IMPLICIT_KEY" && explained.has(error.pos[0])) continue;
    explained.add(error.pos[0]);
    const problem = explain(error, yaml, lines, errors.slice(i + 1));
    if (seen.has(problem.line)) continue;
    seen.add(problem.line);
    problems.push(problem);
    if (problems.length === MAX_PROBLEMS) break;
  }
  return problems;
}

function explain(error: YamlError, yaml: Document, lines: LineIndex, later: readonly YamlError[]): Diagnostic {
  const { text } = lines;
  const start = Math.min(error.pos[0], text.length);
  const end = Math.min(Math.max(error.pos[1], start + 1), text.length);
  const report = (message: string, from = start, to = end, extra: { code?: string; fix?: Fix } = {}): Diagnostic => ({
    ...lines.firstLineRange(from, to),
    severity: "error",
    code: extra.code ?? "MDM001",
    message,
    ...(extra.fix ? { fix: extra.fix } : {}),
  });
  const character = text[start] ?? "";
  switch (error.code) {
    case "TAB_AS_INDENT":
      if (text.slice(lines.lineStart(start), start).trim() !== "")
        return report(
          "There is a tab here. YAML takes it neither for indentation nor before a key: use spaces, or a new line.",
          start,
          end,
          {
            code: "MDM002",
          },
        );
      return report(
        "This line is indented with a tab. YAML takes spaces only: write two spaces for each level.",
        start,
        end,
        {
          code: "MDM002",
          fix: tabsToSpaces(lines),
        },
      );
    case "MULTIPLE_DOCS":
      return report(
        "A second YAML document starts here. One file is one document: move the rest to a file of its own.",
        start,
        end,
        {
          code: "MDM005",
        },
      );
    case "BAD_DQ_ESCAPE":
      return report(
        `In double quotes a backslash starts an escape, and ${text.slice(start, start + 2)} is none. Use single quotes, or forward slashes in a path.`,
      );
    case "BAD_SCALAR_START":
      return report(`A value cannot start with ${character}. Put it in quotes.`);
    case "BLOCK_AS_IMPLICIT_KEY": {
      const multiline = later.find((other) => other.code === "MULTILINE_IMPLICIT_KEY" && other.pos[0] === error.pos[0]);
      if (multiline) return deeperLine(multiline, lines, report);
      return report(
        "There is a second key on this line. Move it to a line of its own, indented further; or, if it is all one value, put the value in quotes.",
      );
    }
    case "MULTILINE_IMPLICIT_KEY":
      return report(
        `A colon is missing after ${JSON.stringify(text.slice(start, Math.min(lines.lineEnd(start), start + 40)).trim())}: keys are written key: value.`,
      );
    case "BAD_INDENT":
      if (/same column/.test(error.message)) return misaligned(start, lines, report);
      return openBracket(start, yaml, report) ?? report(plain(error));
    case "MISSING_CHAR":
      if (/closing/.test(error.message)) return openQuote(start, yaml, report) ?? report(plain(error));
      if (/flow (map|sequence).* end with/i.test(error.message))
        return openBracket(start, yaml, report) ?? report(plain(error));
      if (/Implicit map keys/.test(error.message))
        return report(
          `A colon is missing after ${JSON.stringify(text.slice(start, end).trim().slice(0, 40))}: keys are written key: value.`,
        );
      if (/^Comments must/.test(error.message)) return report("A comment needs a space before its #.");
      return report(plain(error));
    case "UNEXPECTED_TOKEN":
      if (/[\]}]/.test(character)) return report(`This ${character} closes nothing. Remove it.`);
      return report(plain(error));
    case "RESOURCE_EXHAUSTION":
      return report("Values are nested too deeply to be read; a file of this kind needs a few levels.", start, end, {
        code: "MDM004",
      });
    default:
      return report(plain(error));
  }
}

type Report = (message: string, from?: number, to?: number) => Diagnostic;

/** `path: x` followed by a deeper line `  hflip: 0`: YAML takes the second for more of the first's value. */
function deeperLine(error: YamlError, lines: LineIndex, report: Report): Diagnostic {
  const { text } = lines;
  const above = lines.lineEnd(error.pos[0]);
  const next = above + (text[above] === "\r" ? 2 : 1);
  const start = next + (text.slice(next).match(/^[ \t\r\n]*/)?.[0].length ?? 0);
  const column = lines.position(lines.lineStart(error.pos[0])).column;
  const keyColumn = column + (text.slice(lines.lineStart(error.pos[0])).match(/^ */)?.[0].length ?? 0);
  return report(
    `This line is indented further than the key above it (column ${lines.position(start).column} against ${keyColumn}), so YAML reads it as more of that key's value. Keys of one section start in the same column.`,
    start,
    lines.lineEnd(start),
  );
}

function misaligned(at: number, lines: LineIndex, report: Report): Diagnostic {
  const start = lines.lineStart(at);
  const indent = lines.text.slice(start).match(/^ */)?.[0].length ?? 0;
  const from = Math.min(start + indent, lines.lineEnd(start));
  return report(
    `This line starts in column ${indent + 1}, which matches no key above it. Keys of one section start in the same column.`,
    from,
    lines.lineEnd(start),
  );
}

function openBracket(end: number, yaml: Document, report: Report): Diagnostic | null {
  const node = findNode(
    yaml,
    (candidate) => isCollection(candidate) && candidate.flow === true && endsAt(candidate, end),
  );
  if (node === null) return null;
  const [start] = extent(node);
  const closing = isSeq(node) ? "]" : "}";
  return report(`This bracket is never closed: a ${closing} is missing.`, start, start + 1);
}

function openQuote(end: number, yaml: Document, report: Report): Diagnostic | null {
  const node = findNode(
    yaml,
    (candidate) => isScalar(candidate) && /^QUOTE/.test(candidate.type ?? "") && endsAt(candidate, end),
  );
  if (node === null) return null;
  const [start] = extent(node);
  return report("This quote is never closed. Write the same quote at the end of the value.", start, start + 1);
}

const endsAt = (node: Node, offset: number): boolean => node.range?.[1] === offset;

function findNode(yaml: Document, wanted: (node: Node) => boolean): Node | null {
  let found: Node | null = null;
  visit(yaml, {
    Node: (_, node) => {
      if (!wanted(node)) return undefined;
      found = node;
      return visit.BREAK;
    },
  });
  return found;
}

/** All tabs at the start of lines, each as two spaces. */
function tabsToSpaces(lines: LineIndex): Fix {
  const edits = [...lines.text.matchAll(/^[ ]*\t[ \t]*/gm)].map((match) =>
    lines.edit(match.index, match.index + match[0].length, match[0].replaceAll("\t", "  ")),
  );
  return { title: "Replace tabs by spaces", edits };
}

function plain(error: YamlError): string {
  const message = error.message.split("\n")[0]!.slice(0, 160);
  return `This is not valid YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}.`;
}
