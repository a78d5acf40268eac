/** What there is to know about a run besides its curves: facts from its documents, and its experiment as flat keys. */
import { classList } from "../../core/classes/classText.ts";
import type { RunDetails } from "../../core/protocol/dashboard.ts";
import { forecastLine } from "../../core/run/forecastLine.ts";
import { shortDuration } from "../../core/series/timeAxis.ts";
import type { RunEntry } from "../services.ts";
import { configOf } from "./runConfig.ts";

export function runDetails(entry: RunEntry): RunDetails {
  const { record, status } = entry;
  const facts: [string, string | null][] = [
    ["Folder", entry.dir],
    ["State", entry.reason ?? status?.message ?? entry.state],
    ["Experiment", entry.experimentFile],
    ["Stage", entry.stage],
    ["Started from", parentText(entry)],
    ["Steps", status === null ? null : `${count(status.step)} / ${count(status.totalSteps)}`],
    ["Images seen", status === null ? null : count(status.imagesSeen)],
    ["Time", forecastLine(entry)],
    ["Classes", record?.classes === undefined ? null : classList(record.classes)],
    ["Seed", record === null ? null : String(record.seed)],
    ["Backend", record?.backend ?? null],
    ["Host", record === null ? null : `${record.host} (${record.platform})`],
    ["Machine", machineText(entry)],
    ["Versions", record === null ? null : versionsText(record.versions)],
    ["Git revision", gitText(entry)],
    ["Created", record === null ? null : new Date(record.createdAt).toLocaleString()],
    ["Sessions", sessionsText(entry)],
    ["Command", record === null ? null : record.command.join(" ")],
    ["Config hash", record?.configHash ?? null],
    ["Tags", entry.tags.length === 0 ? null : entry.tags.join(", ")],
    ["Note", entry.note],
  ];
  return {
    dir: entry.dir,
    facts: facts.filter((fact): fact is [string, string] => fact[1] !== null),
    config: configOf(entry),
  };
}

const count = (value: number): string => value.toLocaleString("en-US");

function parentText({ record }: RunEntry): string | null {
  if (record === null) return null;
  const { parent, imported } = record;
  if (imported !== undefined) return `imported from ${imported.from.join(", ")}`;
  if (parent === null) return "new weights";
  const step = parent.step === null ? "" : `, step ${count(parent.step)}`;
  return `${parent.run ?? parent.checkpoint}${step} (${parent.weights})`;
}

function machineText({ record }: RunEntry): string | null {
  const machine = record?.machine;
  if (machine === undefined) return null;
  const memory = (machine.memoryBytes / 2 ** 30).toFixed(0);
  return `${machine.cpu}, ${machine.cores} cores, ${memory} GiB`;
}

const versionsText = (versions: Readonly<Record<string, unknown>>): string =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${String(version)}`)
    .join(", ");

function gitText({ record }: RunEntry): string | null {
  if (record === null) return null;
  if (record.git === null) return "not in a repository";
  const { revision, dirty } = record.git;
  return dirty ? `${revision}, with uncommitted changes` : revision;
}

function sessionsText({ record }: RunEntry): string | null {
  if (record === null) return null;
  return record.sessions
    .map(({ startedAt, endedAt, fromStep, endState, changes = [] }) => {
      const start = new Date(startedAt).toLocaleString();
      // Those of a run's beginning are in its experiment; later ones tell from which step on.
      const changed = fromStep === 0 ? [] : changes.map(({ key, from, to }) => `${key} ${from} → ${to}`);
      const from = [`from step ${count(fromStep)}`, ...changed].join(", ");
      if (endedAt === undefined) return `${start}, ${from}`;
      const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
      return `${start}, ${from}, ${shortDuration(Math.max(0, Math.round(seconds)))}, ${endState ?? ""}`;
    })
    .join("\n");
}
