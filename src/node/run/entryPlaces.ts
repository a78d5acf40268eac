/** Where entries of a queue are computed. */
import { join } from "node:path";
import { parseExperiment } from "../../core/experiment/parse.ts";
import type { QueueEntry } from "../../core/run/queue.ts";
import { readExperimentText } from "./runFiles.ts";

export class EntryPlaces {
  /** by id and time: what is ordered does not change */
  private readonly known = new Map<string, boolean>();

  constructor(private readonly runsDir: string) {}

  /** Whether another machine computes it (`compute.target`), so that it takes no room of this one. */
  isElsewhere(entry: QueueEntry): boolean {
    const key = `${entry.id} ${entry.queuedAt}`;
    const known = this.known.get(key) ?? this.read(entry);
    this.known.set(key, known);
    return known;
  }

  private read({ id, order }: QueueEntry): boolean {
    try {
      const isNew = order.kind === "start";
      const text = isNew ? order.experimentText : readExperimentText(join(this.runsDir, id));
      const parsed = parseExperiment(text, isNew ? order.set : []);
      return parsed.ok && parsed.experiment.compute.target !== "local";
    } catch {
      return false; // a run without its experiment: whoever begins it says so
    }
  }
}
