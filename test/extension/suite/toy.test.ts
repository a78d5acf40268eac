/** The panel of the 2-D picture. */
import { equal } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";
import { extension } from "./manifestFacts.ts";

const panels = (): vscode.Tab[] =>
  vscode.window.tabGroups.all.flatMap(({ tabs }) =>
    tabs.filter(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith("maskdm.toy")),
  );

describe("the primer in 2-D", function () {
  this.timeout(60_000);
  after(() => vscode.commands.executeCommand("workbench.action.closeAllEditors"));

  it("opens one panel, however often it is asked for, and another one after that was closed", async () => {
    await extension().activate();
    for (let i = 0; i < 2; i++) {
      await vscode.commands.executeCommand("maskdm.openToy");
      await vscode.commands.executeCommand("maskdm.openToy");
      while (panels().length === 0) await sleep(20);
      equal(panels().length, 1);
      equal(panels()[0]?.label, "Primer in 2-D");
      await vscode.window.tabGroups.close(panels());
      equal(panels().length, 0);
    }
  });
});
