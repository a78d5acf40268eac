/** The extension's settings, by the names and defaults that package.json contributes: a test in the extension host compares the two. */
import * as vscode from "vscode";

const SECTION = "maskdm";

export const SETTINGS = { runsFolder: "runs", runsAtOnce: 1, python: "", mcpServer: false };
type Settings = typeof SETTINGS;

/** @returns the default where what a settings file says is of another type */
export function setting<K extends keyof Settings>(name: K, scope?: vscode.Uri): Settings[K] {
  const value: unknown = vscode.workspace.getConfiguration(SECTION, scope).get(name);
  return typeof value === typeof SETTINGS[name] ? (value as Settings[K]) : SETTINGS[name];
}

export const affects = (event: vscode.ConfigurationChangeEvent, name: keyof Settings): boolean =>
  event.affectsConfiguration(`${SECTION}.${name}`);
