import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { writeRun } from "../../support/runFolders.ts";
import { api, eventually, problemCodes, workspacePath } from "./experimentEditor.ts";

/** Text of the frozen files that writeRun writes. */
const TEXT = JSON.stringify({ data: { path: "images" } }, null, 2);

async function lensTitles(file: string): Promise<string[]> {
  const uri = vscode.Uri.file(file);
  await vscode.workspace.openTextDocument(uri);
  const found = await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", uri, 50);
  return found.map(({ command }) => `${command?.command}: ${command?.title.replace(/^\$\(.*?\) /, "")}`);
}

describe("a project that was moved with its runs", function () {
  this.timeout(60_000);
  const here = (...parts: string[]): string => workspacePath("handed-on", ...parts);

  before(async () => {
    const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), "maskdm-made-")));
    const made = join(elsewhere, "faces");
    mkdirSync(join(made, "images"), { recursive: true });
    writeFileSync(join(made, "tiny.maskdm.yaml"), TEXT);
    await writeRun({ runsDir: join(made, "runs"), id: "moved-a", lines: 3 });
    cpSync(workspacePath("images"), join(made, "images"), { recursive: true });
    mkdirSync(here());
    cpSync(made, here("first"), { recursive: true });
    cpSync(made, here("second"), { recursive: true });
    rmSync(elsewhere, { recursive: true });
  });
  after(async () => {
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    rmSync(here(), { recursive: true });
    await (await api()).services.runs.refresh();
  });

  /** Experiment files that the explorer shows, with the runs below each. */
  async function shown(): Promise<Record<string, string[]>> {
    const { runs } = await api();
    const experiments = runs.explorer.getChildren().filter((node) => node.kind === "experiment");
    return Object.fromEntries(
      experiments
        .filter(({ file }) => file !== null && (file.includes("handed-on") || file.includes("maskdm-made-")))
        .map(({ file, children }) => [
          file,
          children.flatMap((child) => (child.kind === "run" ? [child.entry.dir] : [])),
        ]),
    );
  }

  it("shows each run below the experiment that lies there, and tells of it in its lens", async () => {
    const { runs } = (await api()).services;
    await runs.ready;
    await runs.refresh();
    const expected = Object.fromEntries(
      ["first", "second"].map((name) => [here(name, "tiny.maskdm.yaml"), [here(name, "runs", "moved-a")]]),
    );
    deepStrictEqual(await eventually(shown, (now) => Object.keys(now).length === 2), expected);
    for (const name of ["first", "second"]) {
      const titles = await lensTitles(here(name, "tiny.maskdm.yaml"));
      ok(titles.includes("maskdm.openRun: moved-a: finished"), titles.join("\n"));
    }
  });

  it("follows a renaming while the window is open", async () => {
    renameSync(here("second"), here("third"));
    const file = here("third", "tiny.maskdm.yaml");
    await (await api()).services.runs.refresh();
    const now = await eventually(shown, (experiments) => experiments[file]?.length === 1);
    deepStrictEqual(now[file], [here("third", "runs", "moved-a")]);
    ok(!(here("second", "tiny.maskdm.yaml") in now));
    renameSync(file, here("third", "small.maskdm.yaml"));
    await (await api()).services.runs.refresh();
    await eventually(shown, (experiments) => experiments[here("third", "small.maskdm.yaml")]?.length === 1);
  });

  it("looks for the images of the copy in a run's folder where the project lies", async () => {
    const uri = vscode.Uri.file(here("first", "runs", "moved-a", "experiment.maskdm.yaml"));
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document);
    const { documents } = (await api()).services;
    const { facts } = await eventually(
      () => documents.get(document),
      ({ facts: known }) => known.dataset?.images !== undefined,
    );
    strictEqual(facts.dataset?.exists, true);
    ok(!problemCodes(uri).includes("MDM101"), problemCodes(uri).join());
    const links = await vscode.commands.executeCommand<vscode.DocumentLink[]>("vscode.executeLinkProvider", uri);
    const targets = links.map(({ target }) => target?.query ?? "");
    ok(
      targets.some((target) => target.includes(vscode.Uri.file(here("first", "images")).path)),
      targets.join("\n"),
    );
  });
});
