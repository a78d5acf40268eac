/** Answers what the page asks about evaluations. */
import { statSync } from "node:fs";
import * as vscode from "vscode";
import type { DashboardProtocol, RunInfo } from "../../core/protocol/dashboard.ts";
import { evaluationsCsv } from "../../core/run/evaluationsCsv.ts";
import { evaluationsOf, neighboursPicture, readNeighbours } from "../../node/run/evaluations.ts";
import type { Handlers } from "../webview/webviewHost.ts";
import { askForFile, writeText } from "./saveFile.ts";

type EvaluationHandlers = Pick<Handlers<DashboardProtocol>, "evaluations" | "neighbours" | "exportEvaluations">;

/** @param own what is known of a run of the panel; throws a UserError for any other folder */
export function evaluationHandlers(webview: vscode.Webview, own: (dir: string) => RunInfo): EvaluationHandlers {
  return {
    evaluations: ({ dirs }) => dirs.map((dir) => ({ dir: own(dir).dir, evaluations: evaluationsOf(dir) })),
    neighbours: (place) => {
      own(place.dir);
      const neighbours = readNeighbours(place);
      const picture = neighboursPicture(place);
      const found = statSync(picture, { throwIfNoEntry: false });
      if (neighbours === null || found === undefined) return null;
      const query = `v=${Math.trunc(found.mtimeMs)}-${found.size}`;
      return { ...neighbours, uri: webview.asWebviewUri(vscode.Uri.file(picture)).with({ query }).toString() };
    },
    exportEvaluations: async ({ dirs }) => {
      const runs = dirs.map((dir) => ({ ...own(dir), evaluations: evaluationsOf(dir) }));
      const uri = await askForFile("Evaluations", "csv");
      if (uri === null) return null;
      await writeText(uri, [evaluationsCsv(runs)]);
      return uri.fsPath;
    },
  };
}
