/** Completion of keys and values, with their documentation. */
import * as vscode from "vscode";
import { experimentKeys, type KeySpec, type KeyTable, namesIn, type SectionSpec } from "../../core/experiment/keys.ts";
import { yamlText } from "../../core/experiment/yamlText.ts";
import { keyMarkdown, sectionMarkdown } from "../../core/publish/keyMarkdown.ts";
import { EXPERIMENTS } from "../documents/documentLanguages.ts";
import { cursorContext, type KeyContext, type ValueContext } from "./cursorContext.ts";
import type { LanguageServices } from "./languageServices.ts";
import { placeCompletions } from "./placeCompletion.ts";
import { sourceCompletions } from "./sourceCompletion.ts";
import { valueSuggestions } from "./valueSuggestions.ts";

export function registerCompletion(services: LanguageServices): vscode.Disposable {
  return vscode.languages.registerCompletionItemProvider(
    EXPERIMENTS.selector,
    {
      provideCompletionItems: async (document, position) => {
        const lines = document.getText().split(/\r?\n/);
        const context = cursorContext(lines, position.line, position.character);
        if (context === null) return [];
        if (context.kind === "key") return keyCompletions(experimentKeys(), context, position);
        if (context.path === "finetune.from") return sourceCompletions(document, position, context, services.runs);
        const { experiment, folder } = await services.documents.get(document);
        if (context.path === "data.path") return placeCompletions(document, position, context, folder);
        return valueCompletions(experimentKeys().keys.get(context.path), context, position, experiment);
      },
    },
    " ",
    "/",
  );
}

export const SUGGEST: vscode.Command = { command: "editor.action.triggerSuggest", title: "" };

export function keyCompletions(
  table: KeyTable,
  context: KeyContext,
  position: vscode.Position,
): vscode.CompletionItem[] {
  const { sections, keys } = table;
  const names = namesIn(table, context.section);
  const range = new vscode.Range(position.line, context.start, position.line, context.end);
  return names
    .filter((name) => !context.present.includes(name))
    .map((name, index) => {
      const section = context.section === "" ? sections.get(name) : undefined;
      const key = keys.get(context.section === "" ? name : `${context.section}.${name}`);
      const item = section ? sectionItem(section) : keyItem(key!, context.hasColon);
      if (context.hasColon) item.insertText = name;
      return placed(item, range, index);
    });
}

/** In the order of the documentation, which goes from the important to the rare. */
export function placed(item: vscode.CompletionItem, range: vscode.Range, index: number): vscode.CompletionItem {
  item.range = range;
  item.sortText = String(index).padStart(4, "0");
  return item;
}

function sectionItem(section: SectionSpec): vscode.CompletionItem {
  const item = new vscode.CompletionItem(section.name, vscode.CompletionItemKind.Module);
  item.detail = section.description;
  item.documentation = new vscode.MarkdownString(sectionMarkdown(section));
  item.insertText = new vscode.SnippetString(`${section.name}:\n  $0`);
  item.command = SUGGEST;
  return item;
}

function keyItem(key: KeySpec, hasColon: boolean): vscode.CompletionItem {
  const item = new vscode.CompletionItem(key.name, vscode.CompletionItemKind.Property);
  item.documentation = new vscode.MarkdownString(keyMarkdown(key));
  const { default: standard, additionalProperties } = key.schema;
  // What has names of its own below it.
  const isMapping = typeof additionalProperties === "object";
  if (!key.required && standard !== undefined && !isMapping) item.detail = `default ${yamlText(standard)}`;
  if (hasColon) return item;
  if (isMapping) {
    item.insertText = new vscode.SnippetString(`${key.name}:\n  $0`);
    item.command = SUGGEST;
    return item;
  }
  const asksForChoice = key.required || standard === undefined || valueSuggestions(key, null).length > 1;
  const value = asksForChoice ? "" : yamlText(standard);
  const snippet = new vscode.SnippetString(`${key.name}: `);
  if (asksForChoice) {
    snippet.appendTabstop(0);
    item.command = SUGGEST;
  } else snippet.appendPlaceholder(value);
  item.insertText = snippet;
  return item;
}

/** @param experiment that the values are to fit */
export function valueCompletions(
  key: KeySpec | undefined,
  { start, end, hasSpace }: Pick<ValueContext, "start" | "end" | "hasSpace">,
  position: vscode.Position,
  experiment: Parameters<typeof valueSuggestions>[1],
): vscode.CompletionItem[] {
  if (key === undefined) return [];
  const range = new vscode.Range(position.line, start, position.line, end);
  return valueSuggestions(key, experiment).map(({ text, detail, isDefault }, index) => {
    const item = new vscode.CompletionItem(
      { label: text, description: [isDefault ? "default" : "", detail].filter(Boolean).join(" · ") },
      /^[0-9]/.test(text) ? vscode.CompletionItemKind.Constant : vscode.CompletionItemKind.EnumMember,
    );
    item.documentation = new vscode.MarkdownString(keyMarkdown(key));
    item.insertText = hasSpace ? text : ` ${text}`;
    item.filterText = item.insertText;
    item.preselect = isDefault;
    return placed(item, range, index);
  });
}
