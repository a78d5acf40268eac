/** Commands of the view's title: filter, sort, archived runs. */
import * as vscode from "vscode";
import type { RunExplorer } from "./runExplorer.ts";
import { SORT_ORDERS, type SortOrder } from "./runTree.ts";

type Handler = (...args: unknown[]) => Promise<unknown>;

export function viewCommands(explorer: RunExplorer): Readonly<Record<string, Handler>> {
  return {
    "maskdm.filterRuns": async () => {
      const text = await vscode.window.showInputBox({
        title: vscode.l10n.t("Filter Runs"),
        prompt: vscode.l10n.t("Words that must all be found; tag:…, state:…, stage:… and group:… look in one place"),
        placeHolder: "state:live tag:good faces",
        value: explorer.filter.text,
      });
      if (text !== undefined) await explorer.setFilter({ ...explorer.filter, text: text.trim() });
    },
    "maskdm.clearRunFilter": () => explorer.setFilter({ ...explorer.filter, text: "" }),
    "maskdm.showArchivedRuns": () => explorer.setFilter({ ...explorer.filter, archived: true }),
    "maskdm.hideArchivedRuns": () => explorer.setFilter({ ...explorer.filter, archived: false }),
    "maskdm.sortRuns": async () => {
      const items = SORT_ORDERS.map((order) => ({
        order,
        label: orderText(order),
        ...(order === explorer.sort ? { description: vscode.l10n.t("now") } : {}),
      }));
      const chosen = await vscode.window.showQuickPick(items, { title: vscode.l10n.t("Sort Runs") });
      if (chosen !== undefined) await explorer.setSort(chosen.order);
    },
  };
}

function orderText(order: SortOrder): string {
  switch (order) {
    case "newest":
      return vscode.l10n.t("Newest first");
    case "oldest":
      return vscode.l10n.t("Oldest first");
    case "name":
      return vscode.l10n.t("By name");
    case "loss":
      return vscode.l10n.t("By loss, lowest first");
    case "state":
      return vscode.l10n.t("By state, at work first");
  }
}
