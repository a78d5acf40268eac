/** The metrics of the runs in open dashboards: each run is read once, however many panels show it. */
import type * as vscode from "vscode";
import { RunColumns } from "../../core/series/columns.ts";
import type { RunService } from "../services.ts";

type Listener = (changedRow: number) => void;

interface Followed {
  readonly columns: RunColumns;
  readonly listeners: Set<Listener>;
  readonly tail: vscode.Disposable;
}

export class RunSeriesStore {
  private readonly followed = new Map<string, Followed>();

  constructor(private readonly runs: RunService) {}

  /**
   * Follows a run's metrics. The columns grow by themselves; they are dropped when nobody follows the run any more.
   * @param listener told of every change, by the first row that is new or other than before
   */
  follow(dir: string, listener: Listener): { readonly columns: RunColumns } & vscode.Disposable {
    const followed = this.followed.get(dir) ?? this.begin(dir);
    followed.listeners.add(listener);
    return {
      columns: followed.columns,
      dispose: () => {
        followed.listeners.delete(listener);
        if (followed.listeners.size > 0) return;
        followed.tail.dispose();
        this.followed.delete(dir);
      },
    };
  }

  private begin(dir: string): Followed {
    const record = this.runs.get(dir)?.record;
    const startedAt = record?.sessions[0]?.startedAt ?? record?.createdAt;
    const columns = new RunColumns(startedAt === undefined ? Date.now() : Date.parse(startedAt));
    const listeners = new Set<Listener>();
    const tail = this.runs.tailMetrics(dir, (parts, reset) => {
      if (reset) columns.clear();
      const changed = reset ? 0 : columns.length;
      const first = Math.min(changed, columns.addPacked(parts));
      for (const tell of listeners) tell(first);
    });
    const followed = { columns, listeners, tail };
    this.followed.set(dir, followed);
    return followed;
  }
}
