/** What is said about a run: one line, an icon, a tooltip. */
import * as vscode from "vscode";
import { formatDuration } from "../../core/durationText.ts";
import { isAtWork, progressOf, type RunEntry } from "../../core/run/entry.ts";
import { evaluationRows, kidText, measuredWith } from "../../core/run/evaluationText.ts";
import { forecastLine } from "../../core/run/forecastLine.ts";
import { experimentName, slug } from "../../core/run/names.ts";

type State = RunEntry["state"];

const ICONS: Readonly<Record<State, readonly [icon: string, colour: string | null]>> = {
  queued: ["clock", "descriptionForeground"],
  starting: ["loading~spin", "charts.blue"],
  running: ["sync~spin", "charts.blue"],
  stopping: ["loading~spin", "charts.yellow"],
  finished: ["pass", "testing.iconPassed"],
  stopped: ["debug-pause", "charts.yellow"],
  interrupted: ["debug-disconnect", "charts.orange"],
  failed: ["error", "testing.iconFailed"],
  diverged: ["flame", "charts.red"],
  damaged: ["warning", "list.warningForeground"],
};

export function stateIcon(state: State): vscode.ThemeIcon {
  const [icon, colour] = ICONS[state];
  return new vscode.ThemeIcon(icon, colour === null ? undefined : new vscode.ThemeColor(colour));
}

export function percentText(entry: RunEntry): string | null {
  const progress = progressOf(entry);
  return progress === null ? null : `${Math.floor(100 * progress)} %`;
}

/** Four significant digits, never in powers of ten where that is longer. */
export const lossText = (loss: number): string => (Math.abs(loss) >= 0.001 ? loss.toFixed(4) : loss.toExponential(2));

/** Label below an experiment: of an id such as 2026-11-22-faces-pretrain-01 what does not repeat the experiment's name. */
export function shortLabel({ label, id, record, experimentFile }: RunEntry): string {
  const name = record?.name ?? (experimentFile === null ? null : experimentName(experimentFile));
  const [, date, middle, rest] = /^\d{4}-(\d\d-\d\d)-(.*)-((?:pretrain|finetune)-\d+)$/.exec(id) ?? [];
  return label === id && name !== null && middle === slug(name) ? `${date} ${rest}` : label;
}

/** The facts behind a run's name, such as "running 45 % · ETA 3m 20s · KID 0.012 ± 0.001 · loss 0.0123". */
export function runDescription(entry: RunEntry): string {
  const { state, status, evaluation, reason, tags, pinned, launchFailed } = entry;
  if (state === "damaged") return `${state} · ${reason ?? ""}`;
  const parts: string[] = [];
  const percent = percentText(entry);
  const isDone = state === "finished" || percent === null;
  parts.push(isDone ? state : `${state} ${percent}`);
  if (launchFailed === true) parts[0] = "did not begin";
  if (isAtWork(entry) && status?.etaSeconds != null) parts.push(`ETA ${formatDuration(status.etaSeconds)}`);
  // A narrow view cuts off the end, and a loss says less.
  if (evaluation !== null) parts.push(kidText(evaluation));
  if (status?.loss != null) parts.push(`loss ${lossText(status.loss)}`);
  if (reason !== undefined) parts.push(reason);
  else if (state === "failed" && status?.message != null) parts.push(status.message);
  for (const tag of tags) parts.push(`#${tag}`);
  if (pinned) parts.unshift("★");
  return parts.join(" · ").replace("★ · ", "★ ");
}

/** For a screen reader: name, stage and facts in one sentence. */
export function accessibleRunLabel(entry: RunEntry): string {
  const facts = [entry.label, entry.stage ?? "", runDescription({ ...entry, pinned: false })];
  if (entry.pinned) facts.push("pinned");
  if (entry.archived) facts.push("archived");
  return facts.filter((fact) => fact !== "").join(", ");
}

/** Everything there is to say about a run, as Markdown. */
export function runTooltip(entry: RunEntry): vscode.MarkdownString {
  const { record, status, evaluation, reason, tags, note } = entry;
  const text = new vscode.MarkdownString("", true);
  text.appendMarkdown(`$(${stateIcon(entry.state).id.replace("~spin", "")}) **`).appendText(entry.label);
  text.appendMarkdown("** — ").appendText(entry.state).appendMarkdown("\n\n");
  const message = reason ?? status?.message;
  if (message != null) text.appendText(message).appendMarkdown("\n\n");
  const rows: [string, string][] = [];
  const add = (name: string, value: string | null | undefined): void => {
    if (value != null && value !== "") rows.push([name, value]);
  };
  const number = (value: number): string => value.toLocaleString("en-US", { maximumFractionDigits: 1 });
  add("Run", entry.label === entry.id ? null : entry.id);
  add("Stage", entry.stage);
  add("From", entry.parent);
  if (status !== null) {
    const percent = percentText(entry);
    add("Steps", `${number(status.step)} / ${number(status.totalSteps)}${percent === null ? "" : ` (${percent})`}`);
    add("Loss", status.loss === null ? null : lossText(status.loss));
    if (isAtWork(entry)) {
      add("Speed", status.imagesPerSecond === null ? null : `${number(status.imagesPerSecond)} images/s`);
      add("Remaining", status.etaSeconds === null ? null : formatDuration(status.etaSeconds));
    }
    add("Time", forecastLine(entry));
    add("Images seen", number(status.imagesSeen));
  }
  if (record !== null) {
    add("Started", new Date(record.createdAt).toLocaleString());
    add("Engine", record.backend);
    add("Machine", record.host);
  }
  if (evaluation !== null) {
    for (const [name, value, more] of evaluationRows(evaluation)) {
      add(`${name[0]!.toUpperCase()}${name.slice(1)}`, more === "" ? value : `${value}, ${more}`);
    }
    add("Measured", `${measuredWith(evaluation)}, at step ${number(evaluation.step)}`);
  }
  add("Group", entry.group);
  add("Tags", tags.join(", "));
  if (rows.length > 0) {
    text.appendMarkdown("| | |\n|---|---|\n");
    for (const [name, value] of rows) text.appendMarkdown(`| ${cell(name)} | ${cell(value)} |\n`);
  }
  if (note !== null) text.appendMarkdown("\n---\n\n").appendText(note);
  return text;
}

/** Text for a cell of a Markdown table. */
const cell = (text: string): string => text.replace(/[\\`*_{}[\]<>()#+!|~$]/g, "\\$&").replaceAll("\n", " ");
