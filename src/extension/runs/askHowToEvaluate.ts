/** Asks with how many samples a run is measured, and in which space of features. */
import * as vscode from "vscode";
import { LEAST_SAMPLES } from "../../core/experiment/stageKeys.ts";
import type { RunEntry } from "../../core/run/entry.ts";
import { DEFAULT_SAMPLES, INCEPTION, type SPACES } from "../../core/run/evaluationSpaces.ts";

/** What `maskdm evaluate` is asked for. */
export interface HowToEvaluate {
  readonly samples: number;
  /** as the option --space takes it */
  readonly space: string;
}

interface SpaceItem extends vscode.QuickPickItem {
  /** null: of a file of the user's */
  readonly name: (typeof SPACES)[number] | null;
  /** what comes before the file's path */
  readonly prefix?: string;
}

const SPACE_ITEMS: readonly SpaceItem[] = [
  {
    name: "efficientnet-lite0",
    label: "efficientnet-lite0",
    description: "the default",
    detail: "A small network trained on ImageNet. Sees noise, blur, swapped parts and missing kinds of images.",
  },
  {
    name: "random-convolutions",
    label: "random-convolutions",
    detail: "Nobody trained them: where no trained network may be used. Sees much less, above all on photographs.",
  },
  {
    name: null,
    prefix: `${INCEPTION}=`,
    label: "Inception of 2015, a file of yours…",
    detail: "An ONNX file of that network: its Fréchet distance is the FID.",
  },
  {
    name: null,
    label: "Another network, a file of yours…",
    detail: "Any ONNX file that turns images into features, such as DINOv2.",
  },
];

/** @param runs of the workspace; @returns null: cancelled */
export async function askHowToEvaluate(runs: readonly RunEntry[]): Promise<HowToEvaluate | null> {
  const title = "Evaluate Run";
  const [before] = runs.flatMap(({ evaluation }) => evaluation ?? []).sort((a, b) => (a.time < b.time ? 1 : -1));
  const samples = await vscode.window.showInputBox({
    title,
    prompt:
      before === undefined
        ? "Samples to draw: more of them tell finer differences, and take longer."
        : "Samples to draw: as many as the last time, so that the two can be compared.",
    value: String(before?.samples ?? DEFAULT_SAMPLES),
    validateInput: (text) =>
      /^\d{1,7}$/.test(text.trim()) && Number(text) >= LEAST_SAMPLES
        ? null
        : `A whole number, at least ${LEAST_SAMPLES}: fewer tell nothing apart.`,
  });
  if (samples === undefined) return null;
  const chosen = await vscode.window.showQuickPick(SPACE_ITEMS, { title, placeHolder: "Space of features" });
  if (chosen === undefined) return null;
  const space = chosen.name ?? (await askForNetwork(chosen.prefix ?? ""));
  return space === null ? null : { samples: Number(samples), space };
}

async function askForNetwork(prefix: string): Promise<string | null> {
  const [file] =
    (await vscode.window.showOpenDialog({
      title: "Network to Compare Images With",
      openLabel: "Evaluate",
      filters: { ONNX: ["onnx"] },
    })) ?? [];
  return file === undefined ? null : `${prefix}${file.fsPath}`;
}
