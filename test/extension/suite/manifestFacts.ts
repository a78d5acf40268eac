import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import * as z from "zod";

const commandUses = z.record(z.string(), z.array(z.looseObject({ command: z.string().optional() })));
const named = (key: string) => z.array(z.looseObject({ [key]: z.string() })).default([]);

const manifestSchema = z.looseObject({
  activationEvents: z.array(z.string()),
  contributes: z.looseObject({
    commands: z.array(z.looseObject({ command: z.string(), title: z.string(), category: z.string() })),
    menus: commandUses.default({}),
    keybindings: z.array(z.looseObject({ command: z.string() })).default([]),
    views: z.record(z.string(), z.array(z.looseObject({ id: z.string() }))),
    viewsContainers: z.record(z.string(), z.array(z.looseObject({ id: z.string() }))),
    viewsWelcome: z.array(z.looseObject({ view: z.string() })).default([]),
    configuration: z.looseObject({ properties: z.record(z.string(), z.looseObject({ default: z.unknown() })) }),
    languages: named("id"),
    customEditors: named("viewType"),
    taskDefinitions: named("type"),
    mcpServerDefinitionProviders: named("id"),
    walkthroughs: z
      .array(
        z.looseObject({
          id: z.string(),
          steps: z.array(z.looseObject({ id: z.string(), completionEvents: z.array(z.string()).default([]) })),
        }),
      )
      .default([]),
  }),
});

export const extension = (): vscode.Extension<unknown> => {
  const found = vscode.extensions.getExtension("maskdm-studio.maskdm-studio");
  if (!found) throw new Error("the extension is not there");
  return found;
};

export const ROOT = extension().extensionPath;

/** package.json as it is written: VS Code's own copy has facts of its own added. */
export const manifestText = readFileSync(join(ROOT, "package.json"), "utf8");
export const manifest = manifestSchema.parse(JSON.parse(manifestText));

/** Every text in package.json, at any depth, and not the names of its keys. */
export const manifestStrings: readonly string[] = collectStrings(JSON.parse(manifestText));

/** The extension's source, one text. */
export const source = sourceOf(join(ROOT, "src/extension"));

export const commands: readonly string[] = manifest.contributes.commands.map(({ command }) => command);
export const settings: readonly string[] = Object.keys(manifest.contributes.configuration.properties);
export const views: readonly string[] = Object.values(manifest.contributes.views).flatMap((list) =>
  list.map(({ id }) => id),
);

/** All first groups of a pattern in the source. */
export function inSource(pattern: RegExp): string[] {
  return [...source.matchAll(pattern)].flatMap((match) => (match[1] === undefined ? [] : [match[1]]));
}

/** The texts that are the first argument of calls of a function, also where they are given a name as a constant. */
export function firstArguments(call: string): string[] {
  return inSource(new RegExp(`\\b${call}(?:<[^(]*>)?\\(\\s*("[^"]+"|[A-Z][A-Z0-9_]+)`, "g")).flatMap((argument) =>
    argument.startsWith('"') ? [argument.slice(1, -1)] : inSource(new RegExp(`\\b${argument} = "([^"]+)"`, "g")),
  );
}

export const isLiteral = (text: string): boolean =>
  ['"', "'", "`"].some((quote) => source.includes(`${quote}${text}${quote}`));

/** What of the first is not in the second. */
export function missing(wanted: Iterable<string>, there: Iterable<string>): string[] {
  const set = new Set(there);
  return [...new Set(wanted)].filter((item) => !set.has(item)).sort();
}

function collectStrings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(collectStrings);
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(collectStrings) : [];
}

function sourceOf(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  return files.map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
}
