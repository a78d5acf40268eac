/** Commands of the view's title: filter, sort, archived runs. */
import * as vscode from "vscode";
import type { Commands } from "../commands/commandTable.ts";
import type { RunExplorer } from "./runExplorer.ts";
import { SORT_ORDERS, type SortOrder } from "./runTree.ts";

export function viewCommands(explorer: RunExplorer) {
  return {
    "maskdm.filterRuns": async () => {
      const text = await vscode.window.showInputBox({
        title: "Filter Runs",
        prompt: "Words that must all be found; tag:…, state:…, stage:… and group:… look in one place",
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
        label: ORDER_TEXTS[order],
        ...(order === explorer.sort ? { description: "now" } : {}),
      }));
      const chosen = await vscode.window.showQuickPick(items, { title: "Sort Runs" });
      if (chosen !== undefined) await explorer.setSort(chosen.order);
    },
  } satisfies Partial<Commands>;
}

const ORDER_TEXTS: Readonly<Record<SortOrder, string>> = {
  newest: "Newest first",
  oldest: "Oldest first",
  name: "By name",
  loss: "By loss, lowest first",
  state: "By state, at work first",
};
