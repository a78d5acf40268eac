/** MaskDM: New Study, and New Ablation of the Paper: a study file beside an experiment, opened. */
import { posix } from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { STUDY_ENDING } from "../../core/study/names.ts";
import type { Commands } from "../commands/commandTable.ts";
import { chooseFile, EXPERIMENT } from "../runs/chooseFile.ts";
import type { Services } from "../services.ts";

type Write = (file: vscode.Uri, document: vscode.TextDocument, experiment: Experiment) => Promise<string>;

export function newStudyCommands({ documents, calibration }: Pick<Services, "documents" | "calibration">) {
  const facts = async (file: vscode.Uri, document: vscode.TextDocument, experiment: Experiment) => {
    const { facts: known } = await documents.get(document);
    return {
      base: posix.basename(file.path),
      baseText: document.getText(),
      experiment,
      images: known.dataset?.images ?? null,
    };
  };
  return {
    "maskdm.newStudy": (given) =>
      newStudy(given, "", async (...about) => {
        const { newStudyText } = await import("../../core/study/newStudy.ts");
        return newStudyText(await facts(...about));
      }),
    "maskdm.newAblation": (given) =>
      newStudy(given, "-ablation", async (...about) => {
        const { ablationText } = await import("../../core/study/newStudy.ts");
        await calibration.ready;
        return ablationText({
          ...(await facts(...about)),
          secondsPerStep: (one, stage) =>
            calibration.forecast({ experiment: one, stage })?.time?.secondsPerStep ?? null,
        });
      }),
  } satisfies Partial<Commands>;
}

/** @param given the experiment's file; else it is found as other commands find it */
async function newStudy(given: unknown, suffix: string, write: Write): Promise<void> {
  const file = await chooseFile(EXPERIMENT, given);
  if (file === undefined) return;
  if (file.scheme === "untitled")
    throw new UserError("A study names its experiment by file: save the experiment first.");
  const document = await vscode.workspace.openTextDocument(file);
  const { parseExperiment } = await import("../../core/experiment/parse.ts");
  const parsed = parseExperiment(document.getText());
  if (!parsed.ok) {
    const { formatDiagnostic } = await import("../../core/experiment/diagnostic.ts");
    const [first] = parsed.diagnostics;
    throw new UserError(
      `The experiment has errors; correct them first. ${first === undefined ? "" : formatDiagnostic(posix.basename(file.path), first)}`,
    );
  }
  const name = posix.basename(file.path).replace(/\.maskdm\.ya?ml$/, "");
  const study = await freeFile(vscode.Uri.joinPath(file, ".."), `${name}${suffix}`);
  const text = await write(file, document, parsed.experiment);
  await vscode.workspace.fs.writeFile(study, new TextEncoder().encode(text));
  await vscode.window.showTextDocument(study, { preview: false });
}

async function freeFile(folder: vscode.Uri, name: string): Promise<vscode.Uri> {
  for (let number = 1; ; number++) {
    const file = vscode.Uri.joinPath(folder, `${number === 1 ? name : `${name}-${number}`}${STUDY_ENDING}`);
    try {
      await vscode.workspace.fs.stat(file);
    } catch {
      return file;
    }
  }
}
