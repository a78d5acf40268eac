/** How a node of the tree looks. */
import { dirname } from "node:path";
import * as vscode from "vscode";
import { isAtWork } from "../../core/run/entry.ts";
import { commandOf } from "../commands/commandTable.ts";
import { accessibleRunLabel, runDescription, runTooltip, shortLabel, stateIcon } from "./runText.ts";
import { contextWords, type ExperimentNode, type GroupNode, type RunNode, type TreeNode } from "./runTree.ts";

const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;

export function treeItem(node: TreeNode): vscode.TreeItem {
  const item = node.kind === "run" ? runItem(node) : node.kind === "group" ? groupItem(node) : experimentItem(node);
  item.id = node.id;
  return item;
}

function runItem({ entry, children }: RunNode): vscode.TreeItem {
  const item = new vscode.TreeItem(shortLabel(entry), children.length === 0 ? None : Expanded);
  item.iconPath = stateIcon(entry.state);
  item.description = runDescription(entry);
  item.contextValue = contextWords(entry);
  item.accessibilityInformation = { label: accessibleRunLabel(entry), role: "treeitem" };
  if (entry.record !== null) {
    item.command = commandOf("Open Dashboard", "maskdm.openRun", entry.dir);
  } else if (entry.launchFailed === true) {
    item.command = commandOf("Open Log", "maskdm.showRunLog", entry.dir);
  }
  return item;
}

/** The tooltip is made when it is asked for. */
export const tooltipOf = (node: TreeNode): vscode.MarkdownString | string | undefined =>
  node.kind === "run" ? runTooltip(node.entry) : node.kind === "experiment" ? (node.file ?? undefined) : undefined;

function groupItem({ name, children }: GroupNode): vscode.TreeItem {
  const item = new vscode.TreeItem(name, Expanded);
  item.iconPath = new vscode.ThemeIcon("folder-library");
  item.description = countText(children.length);
  item.contextValue = "group";
  return item;
}

function experimentItem({ file, label, children }: ExperimentNode): vscode.TreeItem {
  const item = new vscode.TreeItem(
    label === "" ? "Unknown experiment" : label,
    children.length === 0 ? None : Expanded,
  );
  const runs = children.flatMap(runsBelow);
  const live = runs.filter(({ entry }) => isAtWork(entry)).length;
  const count = countText(runs.length);
  const folder = file === null ? "" : vscode.workspace.asRelativePath(dirname(file), false);
  const isRoot =
    vscode.workspace.workspaceFolders?.some(({ uri }) => file !== null && uri.fsPath === dirname(file)) === true;
  const facts = [isRoot ? "" : folder, count, live > 0 ? `${live} at work` : ""];
  item.description = facts.filter((fact) => fact !== "").join(" · ");
  item.iconPath = new vscode.ThemeIcon("beaker");
  item.contextValue = file === null ? "experiment-unknown" : "experiment";
  item.collapsibleState = children.length === 0 ? None : runs.length > 50 && live === 0 ? Collapsed : Expanded;
  if (file !== null && children.length === 0) {
    item.command = { command: "vscode.open", title: "Open", arguments: [vscode.Uri.file(file)] };
  }
  return item;
}

function countText(runs: number): string {
  if (runs === 0) return "no runs";
  return runs === 1 ? "1 run" : `${runs} runs`;
}

const runsBelow = (node: GroupNode | RunNode): RunNode[] => [
  ...(node.kind === "run" ? [node] : []),
  ...node.children.flatMap(runsBelow),
];
