/** What there is to know about a run besides its curves: facts from its documents, and its experiment as flat keys. */
import * as vscode from "vscode";
import { classList } from "../../core/classes/classText.ts";
import type { RunDetails } from "../../core/protocol/dashboard.ts";
import { shortDuration } from "../../core/series/timeAxis.ts";
import type { RunEntry } from "../services.ts";
import { readConfig } from "./runConfig.ts";

export function runDetails(entry: RunEntry): RunDetails {
  const { record, status } = entry;
  const facts: [string, string | null][] = [
    [vscode.l10n.t("Folder"), entry.dir],
    [vscode.l10n.t("State"), entry.reason ?? status?.message ?? entry.state],
    [vscode.l10n.t("Experiment"), entry.experimentFile],
    [vscode.l10n.t("Stage"), entry.stage],
    [vscode.l10n.t("Started from"), parentText(entry)],
    [vscode.l10n.t("Steps"), status === null ? null : `${count(status.step)} / ${count(status.totalSteps)}`],
    [vscode.l10n.t("Images seen"), status === null ? null : count(status.imagesSeen)],
    [vscode.l10n.t("Classes"), record?.classes === undefined ? null : classList(record.classes)],
    [vscode.l10n.t("Seed"), record === null ? null : String(record.seed)],
    [vscode.l10n.t("Backend"), record?.backend ?? null],
    [vscode.l10n.t("Host"), record === null ? null : `${record.host} (${record.platform})`],
    [vscode.l10n.t("Machine"), machineText(entry)],
    [vscode.l10n.t("Versions"), record === null ? null : versionsText(record.versions)],
    [vscode.l10n.t("Git revision"), gitText(entry)],
    [vscode.l10n.t("Created"), record === null ? null : new Date(record.createdAt).toLocaleString()],
    [vscode.l10n.t("Sessions"), sessionsText(entry)],
    [vscode.l10n.t("Command"), record === null ? null : record.command.join(" ")],
    [vscode.l10n.t("Config hash"), record?.configHash ?? null],
    [vscode.l10n.t("Tags"), entry.tags.length === 0 ? null : entry.tags.join(", ")],
    [vscode.l10n.t("Note"), entry.note],
  ];
  return {
    dir: entry.dir,
    facts: facts.filter((fact): fact is [string, string] => fact[1] !== null),
    config: readConfig(entry.dir),
  };
}

const count = (value: number): string => value.toLocaleString("en-US");

function parentText({ record }: RunEntry): string | null {
  if (record === null) return null;
  const { parent } = record;
  if (parent === null) return vscode.l10n.t("new weights");
  const step = parent.step === null ? "" : vscode.l10n.t(", step {0}", count(parent.step));
  return `${parent.run ?? parent.checkpoint}${step} (${parent.weights})`;
}

function machineText({ record }: RunEntry): string | null {
  const machine = record?.machine;
  if (machine === undefined) return null;
  const memory = (machine.memoryBytes / 2 ** 30).toFixed(0);
  return vscode.l10n.t("{0}, {1} cores, {2} GiB", machine.cpu, machine.cores, memory);
}

const versionsText = (versions: Readonly<Record<string, unknown>>): string =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${String(version)}`)
    .join(", ");

function gitText({ record }: RunEntry): string | null {
  if (record === null) return null;
  if (record.git === null) return vscode.l10n.t("not in a repository");
  const { revision, dirty } = record.git;
  return dirty ? vscode.l10n.t("{0}, with uncommitted changes", revision) : revision;
}

function sessionsText({ record }: RunEntry): string | null {
  if (record === null) return null;
  return record.sessions
    .map(({ startedAt, endedAt, fromStep, endState, changes = [] }) => {
      const start = new Date(startedAt).toLocaleString();
      // Those of a run's beginning are in its experiment; later ones tell from which step on.
      const changed = fromStep === 0 ? [] : changes.map(({ key, from, to }) => `${key} ${from} → ${to}`);
      const from = [vscode.l10n.t("from step {0}", count(fromStep)), ...changed].join(", ");
      if (endedAt === undefined) return `${start}, ${from}`;
      const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
      return `${start}, ${from}, ${shortDuration(Math.max(0, Math.round(seconds)))}, ${endState ?? ""}`;
    })
    .join("\n");
}
