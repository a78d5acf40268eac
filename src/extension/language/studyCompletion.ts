/** Completion in a study: its keys and values, and below axes the keys of the experiment and their values. */
import { dirname, relative, sep } from "node:path";
import * as vscode from "vscode";
import { yamlText } from "../../core/experiment/yamlText.ts";
import { keyMarkdown } from "../../core/publish/keyMarkdown.ts";
import { SPACES } from "../../core/run/evaluationSpaces.ts";
import { axisKey, axisKeyNames, rangeKeys, studyKeys } from "../../core/study/kind.ts";
import { METRIC_NAMES, METRICS } from "../../core/study/metrics.ts";
import { findExperiments } from "../runs/runFolders.ts";
import type { ReadStudy } from "../services.ts";
import { keyCompletions, placed, SUGGEST, valueCompletions } from "./completion.ts";
import type { ValueContext } from "./cursorContext.ts";
import type { DocumentServices } from "./languageServices.ts";
import { type AxisKeyContext, type RangeKeyContext, studyCursor } from "./studyCursor.ts";

export function registerStudyCompletion({ language, documents }: DocumentServices<ReadStudy>): vscode.Disposable {
  return vscode.languages.registerCompletionItemProvider(
    language.selector,
    {
      provideCompletionItems: async (document, position) => {
        const lines = document.getText().split(/\r?\n/);
        const context = studyCursor(lines, position.line, position.character);
        if (context === null) return [];
        switch (context.kind) {
          case "key":
            return keyCompletions(studyKeys(), context, position);
          case "axisKey":
            return axisKeys(context, position);
          case "rangeKey":
            return keysOfRange(context, position);
          case "axis":
            return wholeAxis(context.key, rangeOf(context, position), context.hasSpace);
          case "point": {
            const { base } = await documents.get(document);
            const spec = axisKey(context.key) ?? undefined;
            return valueCompletions(spec, { ...context, hasSpace: true }, position, base);
          }
          case "value":
            return values(context, document, position);
        }
      },
    },
    " ",
    "[",
    "{",
    ",",
  );
}

interface Columns {
  readonly start: number;
  readonly end: number;
}

const rangeOf = ({ start, end }: Columns, { line }: vscode.Position): vscode.Range =>
  new vscode.Range(line, start, line, end);

async function values(
  context: ValueContext,
  document: vscode.TextDocument,
  position: vscode.Position,
): Promise<vscode.CompletionItem[]> {
  const { path, hasSpace } = context;
  const range = rangeOf(context, position);
  const items = (texts: readonly (readonly [text: string, detail: string])[], kind: vscode.CompletionItemKind) =>
    texts.map(([text, description], index) => {
      const item = new vscode.CompletionItem({ label: text, description }, kind);
      item.insertText = hasSpace ? text : ` ${text}`;
      item.filterText = item.insertText;
      return placed(item, range, index);
    });
  const { EnumMember, File } = vscode.CompletionItemKind;
  switch (path) {
    case "base":
      return items(
        (await findExperiments()).map((file) => [pathFrom(document.uri, file), ""]),
        File,
      );
    case "metric":
      return items(
        METRIC_NAMES.map((name) => [name, `${METRICS[name].title}, ${METRICS[name].better} is better`]),
        EnumMember,
      );
    case "stages":
      return items(
        [
          ["[pretrain, finetune]", "default"],
          ["[pretrain]", ""],
          ["[finetune]", ""],
        ],
        EnumMember,
      );
    case "evaluate.space":
      return items(
        SPACES.map((name) => [name, ""]),
        EnumMember,
      );
    default:
      return valueCompletions(studyKeys().keys.get(path), context, position, null);
  }
}

function pathFrom(study: vscode.Uri, file: vscode.Uri): string {
  return yamlText(relative(dirname(study.fsPath), file.fsPath).split(sep).join("/"));
}

function axisKeys(context: AxisKeyContext, position: vscode.Position): vscode.CompletionItem[] {
  return axisKeyNames()
    .filter((name) => !context.present.includes(name))
    .map((name, index) => {
      const spec = axisKey(name)!;
      const item = new vscode.CompletionItem(name, vscode.CompletionItemKind.Property);
      item.documentation = new vscode.MarkdownString(keyMarkdown(spec));
      if (spec.schema.default !== undefined) item.detail = `default ${yamlText(spec.schema.default)}`;
      if (!context.hasColon) {
        item.insertText = new vscode.SnippetString(context.inPoint ? `${name}: $0` : `${name}: [$0]`);
        item.command = SUGGEST;
      }
      return placed(item, rangeOf(context, position), index);
    });
}

function keysOfRange(context: RangeKeyContext, position: vscode.Position): vscode.CompletionItem[] {
  return Object.entries(rangeKeys())
    .filter(([name]) => !context.present.includes(name))
    .map(([name, schema], index) => {
      const item = new vscode.CompletionItem(name, vscode.CompletionItemKind.Property);
      item.documentation = new vscode.MarkdownString(schema.description ?? "");
      if (!context.hasColon) item.insertText = `${name}: `;
      return placed(item, rangeOf(context, position), index);
    });
}

/** The forms that the points of a key may have. */
function wholeAxis(key: string, range: vscode.Range, hasSpace: boolean): vscode.CompletionItem[] {
  const lead = hasSpace ? "" : " ";
  const spec = axisKey(key);
  const isNumber = (spec?.schema.anyOf ?? [spec?.schema]).some(
    (one) => one?.type === "number" || one?.type === "integer",
  );
  const form = (label: string, detail: string, snippet: string, index: number): vscode.CompletionItem => {
    const item = new vscode.CompletionItem({ label, description: detail }, vscode.CompletionItemKind.Snippet);
    item.insertText = new vscode.SnippetString(lead + snippet);
    item.filterText = lead;
    if (index === 0) item.command = SUGGEST;
    return placed(item, range, index);
  };
  return [
    form("[…]", "a list of values", "[$0]", 0),
    ...(isNumber ? [form("{from, to, count}", "a range", "{from: $1, to: $2, count: $3}", 1)] : []),
    ...(spec === null ? [form("- {…}", "keys that vary together", "\n    - {$0}", 2)] : []),
  ];
}
