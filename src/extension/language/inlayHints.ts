/** What keys come to, written behind their values. */
import * as vscode from "vscode";
import { formatDuration, formatStepTime } from "../../core/durationText.ts";
import type { MaskGeometry } from "../../core/masks/masks.ts";
import { bytes, count, share } from "../../core/numbers.ts";
import { STAGE_NAMES, type Stage } from "../../core/random/streams.ts";
import { EXPERIMENTS } from "../documents/documentLanguages.ts";
import type { ReadDocument } from "../services.ts";
import { factsOf, keyFacts, timeOf } from "./keyFacts.ts";
import type { LanguageServices } from "./languageServices.ts";
import { toRange } from "./ranges.ts";

export function registerInlayHints(services: LanguageServices): vscode.Disposable {
  const { documents, calibration } = services;
  const changes = new vscode.EventEmitter<void>();
  const last = new WeakMap<vscode.TextDocument, readonly RememberedHint[]>();
  const provider = vscode.languages.registerInlayHintsProvider(EXPERIMENTS.selector, {
    onDidChangeInlayHints: changes.event,
    provideInlayHints: async (document, visible) => {
      const read = await documents.get(document);
      if (read.version !== document.version) return [];
      const lines = document.getText().split(/\r?\n/);
      const found = isReadable(read) ? hints(read, services) : moved(last.get(document) ?? [], lines);
      last.set(
        document,
        found.map((hint) => ({ hint, text: lines[hint.position.line] ?? "" })),
      );
      return found.filter(({ position }) => visible.contains(position));
    },
  });
  return vscode.Disposable.from(
    provider,
    changes,
    // A change of the text makes the editor ask anyway; this is for facts that come in later.
    documents.onDidChange(() => changes.fire()),
    calibration?.onDidChange(() => changes.fire()) ?? new vscode.Disposable(() => undefined),
  );
}

interface RememberedHint {
  readonly hint: vscode.InlayHint;
  /** of its line */
  readonly text: string;
}

const isReadable = ({ experiment, document }: ReadDocument): boolean => experiment !== null || document.root !== null;

/** While a new line is being typed, the file does not parse; the hints of lines that are still there stay with them. */
function moved(before: readonly RememberedHint[], lines: readonly string[]): vscode.InlayHint[] {
  return before.flatMap(({ hint, text }) => {
    const { line, character } = hint.position;
    const places = lines.flatMap((candidate, at) => (candidate === text ? [at] : []));
    const nearest = places.sort((a, b) => Math.abs(a - line) - Math.abs(b - line))[0];
    if (nearest === undefined) return [];
    hint.position = new vscode.Position(nearest, character);
    return [hint];
  });
}

function hints(read: ReadDocument, services: LanguageServices): vscode.InlayHint[] {
  const found: vscode.InlayHint[] = [];
  const add = (paths: readonly string[], label: string | null): void => {
    const path = paths.find((candidate) => read.document.isSet(candidate));
    const place = path === undefined ? null : read.document.valueRange(path);
    if (path === undefined || place === null || label === null) return;
    const hint = new vscode.InlayHint(toRange(place).end, label);
    hint.paddingLeft = true;
    const facts = keyFacts(path, read, services.calibration);
    hint.tooltip = new vscode.MarkdownString(facts.map((fact) => `- ${fact}`).join("\n"));
    found.push(hint);
  };
  const pieces = factsOf(read, "pretrain")?.pieces ?? [];
  if (pieces.length > 1) for (const { name, geometry } of pieces) add([name], maskLabel(geometry));
  else if (pieces[0] !== undefined) add(maskKeys(read), maskLabel(pieces[0].geometry));
  add(["model.patch_size"], tokenLabel(read));
  for (const stage of STAGE_NAMES) {
    add([`${stage}.steps`], timeLabel(read, stage, services));
    add([`${stage}.batch_size`], memoryLabel(read, stage));
  }
  return found;
}

/** The key that decides how much is hidden, else one that the file gives. */
function maskKeys({ experiment }: ReadDocument): string[] {
  const decides = experiment?.mask.strategy === "crop" && experiment.mask.crop_size !== null;
  return [decides ? "mask.crop_size" : "mask.rate", "mask.block_size", "mask.cell_size", "mask.strategy"];
}

function maskLabel(mask: MaskGeometry): string | null {
  if (mask.strategy === "none") return null;
  const tokens = `S = ${count(mask.visibleTokens)} of ${count(mask.tokens)} tokens`;
  return mask.effectiveRate === mask.askedRate ? tokens : `→ ${share(mask.effectiveRate)}, ${tokens}`;
}

function tokenLabel(read: ReadDocument): string | null {
  const mask = factsOf(read, "finetune")?.pieces[0]?.geometry;
  return mask === undefined
    ? null
    : `${count(mask.gridSize)} × ${count(mask.gridSize)} grid, N = ${count(mask.tokens)} tokens`;
}

function timeLabel(read: ReadDocument, stage: Stage, { calibration }: LanguageServices): string | null {
  const time = timeOf(read, stage, calibration);
  return time && `${formatStepTime(time.secondsPerStep)} a step, ${formatDuration(time.totalSeconds)}`;
}

function memoryLabel(read: ReadDocument, stage: Stage): string | null {
  const facts = factsOf(read, stage);
  return facts === null ? null : `≈ ${bytes(facts.memoryBytes)}`;
}
