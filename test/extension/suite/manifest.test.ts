import { deepEqual, ok } from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import { SETTINGS } from "../../../src/extension/settings.ts";
import {
  commands,
  extension,
  firstArguments,
  inSource,
  isLiteral,
  manifest,
  manifestStrings,
  manifestText,
  missing,
  ROOT,
  settings,
  views,
} from "./manifestFacts.ts";

const { contributes } = manifest;

/** Texts that a user may click: command links in descriptions, welcome views and walkthrough pages. */
function linkedCommands(text: string): string[] {
  return [...text.matchAll(/\(command:([A-Za-z0-9_.-]+)/g)].map((match) => match[1]!);
}

const walkthroughPages = (): string[] => {
  const folder = join(ROOT, "media");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
  return names.map((name) => readFileSync(join(folder, name), "utf8"));
};

describe("package.json and the code name the same", () => {
  before(() => extension().activate());

  describe("commands", () => {
    it("what is contributed is registered, and the reverse", async () => {
      const known = await vscode.commands.getCommands(true);
      // The editor itself makes commands of a view: maskdm.runs.focus, maskdm.runs.resetViewLocation, …
      const ofViews = (id: string): boolean => views.some((view) => id.startsWith(`${view}.`));
      const registered = known.filter((id) => id.startsWith("maskdm.") && !ofViews(id));
      deepEqual(
        { unregistered: missing(commands, registered), undeclared: missing(registered, commands) },
        {
          unregistered: [],
          undeclared: [],
        },
      );
    });

    it("menus, keys and links name contributed ones", () => {
      const used = [
        ...Object.values(contributes.menus).flatMap((items) => items.map(({ command }) => command ?? "")),
        ...contributes.keybindings.map(({ command }) => command),
        ...[manifestText, ...walkthroughPages()].flatMap(linkedCommands),
      ];
      const own = used.filter((id) => id.startsWith("maskdm.") && !views.some((view) => id.startsWith(`${view}.`)));
      deepEqual(missing(own, commands), []);
    });

    it("each has a title and stands under MaskDM", () => {
      for (const { command, title, category } of contributes.commands) {
        ok(/^[A-Z]/.test(title), `${command}: ${title}`);
        deepEqual(category, "MaskDM", command);
      }
    });

    it("none is there twice", () => {
      deepEqual(commands.length, new Set(commands).size);
    });
  });

  it("settings, with their defaults", () => {
    const own = Object.entries(SETTINGS).map(([name, value]) => [`maskdm.${name}`, value]);
    const { properties } = contributes.configuration;
    deepEqual(
      settings.map((name) => [name, properties[name]?.default]),
      own,
    );
  });

  it("views", () => {
    const provided = ["createTreeView", "registerTreeDataProvider", "registerWebviewViewProvider"].flatMap(
      firstArguments,
    );
    deepEqual(missing(views, provided), [], "without a provider");
    deepEqual(missing(provided, views), [], "provided, not contributed");
    const containers = Object.values(contributes.viewsContainers).flatMap((list) => list.map(({ id }) => id));
    deepEqual(missing(containers, Object.keys(contributes.views)), [], "containers without views");
    const welcomed = contributes.viewsWelcome.map(({ view }) => view);
    deepEqual(missing(welcomed, [...views, "explorer"]), [], "welcome of an unknown view");
    const asked = manifestStrings.flatMap((text) =>
      [...text.matchAll(/\bview == ([\w.-]+)/g)].map((match) => match[1]!),
    );
    deepEqual(missing(asked, [...views, "explorer"]), [], "menus of an unknown view");
  });

  it("custom editors, restored panels, tasks, servers of tools and languages", () => {
    const editors = contributes.customEditors.map((editor) => String(editor["viewType"]));
    const provided = firstArguments("registerCustomEditorProvider");
    deepEqual([missing(editors, provided), missing(provided, editors)], [[], []], "custom editors");

    const panels = firstArguments("registerWebviewPanelSerializer").map((type) => `onWebviewPanel:${type}`);
    const events = manifest.activationEvents.filter((event) => event.startsWith("onWebviewPanel:"));
    deepEqual([missing(panels, events), missing(events, panels)], [[], []], "activation for restored panels");

    const tasks = contributes.taskDefinitions.map((task) => String(task["type"]));
    const taskProviders = firstArguments("registerTaskProvider");
    deepEqual([missing(tasks, taskProviders), missing(taskProviders, tasks)], [[], []], "tasks");

    const servers = contributes.mcpServerDefinitionProviders.map((server) => String(server["id"]));
    const serverProviders = firstArguments("registerMcpServerDefinitionProvider");
    deepEqual([missing(servers, serverProviders), missing(serverProviders, servers)], [[], []], "servers of tools");

    for (const language of contributes.languages) ok(isLiteral(String(language["id"])), String(language["id"]));
  });

  it("context keys of when clauses are set by the code", () => {
    const inWhen = [...manifestText.matchAll(/"(?:when|enablement)": "((?:[^"\\]|\\.)*)"/g)].map((match) => match[1]!);
    const events = manifestStrings.flatMap((text) => /^onContext:(.+)$/.exec(text)?.[1] ?? []);
    const keys = [...inWhen, ...events]
      // What stands on the right of a comparison is a value; a view or an editor may be one.
      .map((clause) => clause.replace(/(==|!=|=~|\bin\b)\s*('[^']*'|\/[^/]*\/|[\w.-]+)/g, ""))
      .flatMap((clause) => [...clause.matchAll(/(?<![\w.:])(maskdm\.[\w.-]+)/g)].map((match) => match[1]!))
      .filter((key) => !settings.includes(key) && !commands.includes(key));
    deepEqual(
      keys.filter((key) => !isLiteral(key)),
      [],
    );
    const set = inSource(/"setContext",\s*"(maskdm\.[^"]+)"/g);
    deepEqual(missing(set, keys), [], "set, asked for nowhere");
  });

  it("walkthrough steps end with what there is", () => {
    for (const { id, steps } of contributes.walkthroughs) {
      deepEqual(steps.length, new Set(steps.map((step) => step.id)).size, `steps of ${id}`);
      for (const event of steps.flatMap((step) => step.completionEvents)) {
        const [kind = "", name = ""] = event.split(/:(.*)/s);
        if (!name.startsWith("maskdm")) continue;
        const there = { onCommand: commands, onView: views, onSettingChanged: settings }[kind];
        if (there) ok(there.includes(name), event);
      }
    }
  });

  it("every file named in package.json is there", () => {
    const paths = manifestStrings.filter((text) => /^\.\/|^media\//.test(text) && !text.includes("*"));
    ok(paths.length > 3);
    deepEqual(
      paths.filter((path) => !existsSync(join(ROOT, path))),
      [],
    );
    for (const path of paths.filter((path) => path.endsWith(".png"))) ok(statSync(join(ROOT, path)).size > 0, path);
  });
});
