/** The doctor's page, as it fills. */
import { equal, match, ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";
import { REPORT_SCHEME } from "../../../src/extension/documents/markdownDocuments.ts";
import { slowness } from "../../support/slowness.ts";
import { extension } from "./manifestFacts.ts";

const REPORT = vscode.Uri.from({ scheme: REPORT_SCHEME, path: "/MaskDM Doctor.md" });

describe("the doctor", function () {
  this.timeout(300_000);
  after(() => vscode.commands.executeCommand("workbench.action.closeAllEditors"));

  it("says at once that it examines, shows what it knows before it has tried a backend, and the verdict at the end", async () => {
    await extension().activate();
    const pages: string[] = [];
    const began = performance.now();
    const examination = vscode.commands.executeCommand("maskdm.doctor");
    let ended = false;
    void Promise.resolve(examination).then(() => {
      ended = true;
    });
    const document = await vscode.workspace.openTextDocument(REPORT);
    while (!ended) {
      const text = document.getText();
      if (text !== pages.at(-1) && text !== "") {
        if (pages.length === 0) ok(performance.now() - began < 5000 * slowness(), "the first page came late");
        pages.push(text);
      }
      await sleep(20);
    }
    await examination;
    match(pages[0]!, /Examining what this machine can compute with/);
    const early = pages.find((text) => text.includes("| Processor |"));
    ok(early !== undefined && !early.includes("| Backend |"), "the machine is shown before the backends");
    match(pages.find((text) => text.includes("| Backend |")) ?? "", /Examining.*\*\*/);
    while (!/can train|No backend works/.test(document.getText())) await sleep(20);
    equal(document.getText().includes("Examining"), false);
    ok(vscode.window.tabGroups.all.some((group) => group.tabs.some(({ label }) => label.includes("Doctor"))));
  });
});
