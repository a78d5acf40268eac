/** Runs as the page lists them. */
import type { RunInfo } from "../../core/protocol/dashboard.ts";
import { type FlatConfig, runLabels } from "../../core/series/flatConfig.ts";
import type { RunEntry } from "../services.ts";

const AT_WORK = new Set<RunEntry["state"]>(["starting", "running", "queued"]);
const RESUMABLE = new Set<RunEntry["state"]>(["stopped", "failed", "interrupted", "diverged"]);

/** A run in a panel: its entry may come and go, its place stays. */
export interface PanelRun {
  readonly dir: string;
  readonly slot: number;
  readonly config: FlatConfig | null;
}

/** @param entryOf what is known of a run; undefined: it is not listed (any more) */
export function runInfos(
  panelRuns: readonly PanelRun[],
  entryOf: (dir: string) => RunEntry | undefined,
): readonly RunInfo[] {
  const entries = panelRuns.map(({ dir }) => entryOf(dir));
  const labels = runLabels(
    panelRuns.map(({ dir, config }, i) => {
      const entry = entries[i];
      const id = entry?.id ?? folderName(dir);
      const name = entry === undefined || entry.label === entry.id ? null : entry.label;
      return { id, name, stage: entry?.stage ?? null, config };
    }),
  );
  return panelRuns.map((run, i) => runInfo(run, entries[i], labels[i]!));
}

const folderName = (dir: string): string => dir.split(/[/\\]/).findLast((part) => part !== "") ?? dir;

function runInfo({ dir, slot }: PanelRun, entry: RunEntry | undefined, label: string): RunInfo {
  const status = entry?.status ?? null;
  const state = entry?.state ?? "damaged";
  return {
    dir,
    slot,
    id: entry?.id ?? folderName(dir),
    label,
    stage: entry?.stage ?? null,
    state,
    step: status?.step ?? null,
    totalSteps: status?.totalSteps ?? entry?.record?.totalSteps ?? null,
    imagesPerSecond: status?.imagesPerSecond ?? null,
    etaSeconds: AT_WORK.has(state) ? (status?.etaSeconds ?? null) : null,
    loss: status?.loss ?? null,
    message: entry?.reason ?? status?.message ?? null,
    canStop: AT_WORK.has(state),
    canResume: RESUMABLE.has(state),
    canEvaluate: entry?.record != null,
  };
}
