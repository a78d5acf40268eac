/** Open experiments. */
import { dirname, join } from "node:path";
import type * as vscode from "vscode";
import type { ExperimentReading } from "../../core/experiment/read.ts";
import { resolvePath } from "../../node/homePath.ts";
import { runsFolderFor } from "../runs/runFolders.ts";
import type { ReadDocument } from "../services.ts";
import { trainerSurroundings } from "../trainer/trainerEnvironment.ts";
import { EXPERIMENTS } from "./documentLanguages.ts";
import { DocumentStore } from "./documentStore.ts";
import { experimentSources, type FactPlaces, type KnownFacts } from "./experimentFacts.ts";
import { FactStore } from "./factStore.ts";

/** Folder of runs beside the experiment, where the command line puts them. */
const RUNS_FOLDER = "runs";

/** The folders in which the runs are looked for that a document of a folder names. */
const runsDirsOf = (uri: vscode.Uri, folder: string): string[] => [
  ...new Set([runsFolderFor(uri), join(folder, RUNS_FOLDER)]),
];

export const experimentDocuments = (log: vscode.LogOutputChannel) =>
  new DocumentStore<ExperimentReading, FactPlaces, KnownFacts, ReadDocument>(EXPERIMENTS, async (changed) => {
    const core = await import("./reading.ts");
    const failed = (error: unknown) => log.error("Looking at images or checkpoints failed", error);
    return {
      facts: new FactStore(
        experimentSources({ dataset: core.datasetFacts, checkpoint: core.checkpointFacts }),
        changed,
        failed,
      ),
      home: async ({ scheme, fsPath }) => (scheme === "file" ? core.experimentBehind(fsPath) : null),
      read: core.readExperiment,
      places: (reading, file, isAllowed, uri) => {
        const { dataPath, ignore, from } = core.factSources(reading);
        const folder = dirname(file);
        return {
          dataRoot: dataPath !== null && isAllowed(dataPath) ? resolvePath(folder, dataPath) : null,
          ignore,
          from: from !== null && isAllowed(from) ? from : null,
          folder,
          runsDirs: runsDirsOf(uri, folder),
        };
      },
      lint: (reading, known, place) => {
        const facts = { ...core.machineFacts(trainerSurroundings()), ...known };
        return {
          ...place,
          ...reading,
          facts,
          diagnostics: core.lintReading(reading, facts),
          lint: (text) => core.lintExperiment(text, facts),
        };
      },
    };
  });
