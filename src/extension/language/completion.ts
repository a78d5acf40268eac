/** Completion of keys and values, with their documentation. */
import * as vscode from "vscode";
import { experimentKeys, type KeySpec, rootNames, type SectionSpec } from "../../core/experiment/keys.ts";
import { yamlText } from "../../core/experiment/yamlText.ts";
import { EXPERIMENT_SELECTOR } from "../documents/experimentLanguage.ts";
import { cursorContext, type KeyContext, type ValueContext } from "./cursorContext.ts";
import { folderCompletions } from "./folderCompletion.ts";
import { keyMarkdown, sectionMarkdown } from "./keyMarkdown.ts";
import type { LanguageServices } from "./languageServices.ts";
import { sourceCompletions } from "./sourceCompletion.ts";
import { valueSuggestions } from "./valueSuggestions.ts";

export function registerCompletion(services: LanguageServices): vscode.Disposable {
  return vscode.languages.registerCompletionItemProvider(
    EXPERIMENT_SELECTOR,
    {
      provideCompletionItems: async (document, position) => {
        const lines = document.getText().split(/\r?\n/);
        const context = cursorContext(lines, position.line, position.character);
        if (context === null) return [];
        if (context.kind === "key") return keyCompletions(context, position);
        if (context.path === "finetune.from") return sourceCompletions(document, position, context, services.runs);
        const { experiment, folder } = await services.documents.get(document);
        if (context.path === "data.path") return folderCompletions(document, position, context, folder);
        return valueCompletions(context, position, experiment);
      },
    },
    " ",
    "/",
  );
}

const SUGGEST: vscode.Command = { command: "editor.action.triggerSuggest", title: "" };

function keyCompletions(context: KeyContext, position: vscode.Position): vscode.CompletionItem[] {
  const { sections, keys } = experimentKeys();
  const names =
    context.section === ""
      ? rootNames(experimentKeys())
      : (sections.get(context.section)?.keys.map(({ name }) => name) ?? []);
  const range = new vscode.Range(position.line, context.start, position.line, context.end);
  return names
    .filter((name) => !context.present.includes(name))
    .map((name, index) => {
      const section = context.section === "" ? sections.get(name) : undefined;
      const key = keys.get(context.section === "" ? name : `${context.section}.${name}`);
      const item = section ? sectionItem(section) : keyItem(key!, context.hasColon);
      if (context.hasColon) item.insertText = name;
      item.range = range;
      // In the order of the documentation, which goes from the important to the rare.
      item.sortText = String(index).padStart(3, "0");
      return item;
    });
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
  if (!key.required) item.detail = `default ${yamlText(key.schema.default)}`;
  if (hasColon) return item;
  const asksForChoice = key.required || valueSuggestions(key.path, null).length > 1;
  const value = key.required ? "" : yamlText(key.schema.default);
  const snippet = new vscode.SnippetString(`${key.name}: `);
  if (asksForChoice) {
    snippet.appendTabstop(0);
    item.command = SUGGEST;
  } else snippet.appendPlaceholder(value);
  item.insertText = snippet;
  return item;
}

function valueCompletions(
  { path, start, end, hasSpace }: ValueContext,
  position: vscode.Position,
  experiment: Parameters<typeof valueSuggestions>[1],
): vscode.CompletionItem[] {
  const key = experimentKeys().keys.get(path);
  if (key === undefined) return [];
  const range = new vscode.Range(position.line, start, position.line, end);
  return valueSuggestions(path, experiment).map(({ text, detail, isDefault }, index) => {
    const item = new vscode.CompletionItem(
      { label: text, description: [isDefault ? "default" : "", detail].filter(Boolean).join(" · ") },
      /^[0-9]/.test(text) ? vscode.CompletionItemKind.Constant : vscode.CompletionItemKind.EnumMember,
    );
    item.documentation = new vscode.MarkdownString(keyMarkdown(key));
    item.insertText = hasSpace ? text : ` ${text}`;
    item.filterText = item.insertText;
    item.range = range;
    item.sortText = String(index).padStart(4, "0");
    item.preselect = isDefault;
    return item;
  });
}
