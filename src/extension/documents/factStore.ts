/** Keeps what lint wants to know of images and checkpoints, and finds out in the background; asking never waits. */
import { stat } from "node:fs/promises";
import type { LintFacts } from "../../core/lint/facts.ts";

/** Where an experiment's facts come from. */
export interface FactPlaces {
  /** absolute path of the data folder; null: not known, or not to be looked at */
  readonly dataRoot: string | null;
  /** data.ignore */
  readonly ignore: readonly string[];
  /** finetune.from as written; null: none, or not to be looked at */
  readonly from: string | null;
  /** absolute path of the experiment file's folder */
  readonly folder: string;
  /** absolute paths of folders in which run ids are looked for */
  readonly runsDirs: readonly string[];
}

/** How facts are gathered; src/node/facts in the editor. */
export interface FactSource {
  dataset(root: string, ignore: readonly string[]): Promise<NonNullable<LintFacts["dataset"]>>;
  checkpoint(from: string, folder: string, runsDirs: readonly string[]): Promise<LintFacts["checkpoint"] | null>;
}

type KnownFacts = Pick<LintFacts, "dataset" | "checkpoint">;

interface Slot {
  facts: KnownFacts;
  /** changes when what the facts are of surely did */
  stamp: string;
  gatheredAt: number;
  pending: Promise<void> | null;
  readonly gather: () => Promise<KnownFacts>;
  readonly stampNow: () => Promise<string>;
}

/** Facts older than this are gathered anew when they are next refreshed: a sub-folder does not change its parent's time. */
const MAX_AGE_MS = 20_000;
const MAX_SLOTS = 64;

export class FactStore {
  private readonly slots = new Map<string, Slot>();

  /**
   * @param changed called when facts came to be known or changed
   * @param failed told of errors that are nobody's fault but the program's
   */
  constructor(
    private readonly source: FactSource,
    private readonly changed: () => void,
    private readonly failed: (error: unknown) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** What is known now. */
  known(places: FactPlaces): KnownFacts {
    return Object.assign({}, ...this.slotsOf(places).map((slot) => slot.facts)) as KnownFacts;
  }

  /** Finds out what is not known, and looks again at what may have changed. Resolves when everything is known. */
  async refresh(places: FactPlaces): Promise<void> {
    await Promise.all(this.slotsOf(places).map((slot) => this.refreshSlot(slot)));
  }

  private async refreshSlot(slot: Slot): Promise<void> {
    const isOld = this.now() - slot.gatheredAt > MAX_AGE_MS;
    if (isOld || slot.pending !== null || (await slot.stampNow()) !== slot.stamp) await this.gather(slot);
  }

  private gather(slot: Slot): Promise<void> {
    slot.pending ??= this.gatherNow(slot).finally(() => {
      slot.pending = null;
    });
    return slot.pending;
  }

  private async gatherNow(slot: Slot): Promise<void> {
    slot.gatheredAt = this.now();
    try {
      // Taken before counting: what changes meanwhile is then found the next time.
      slot.stamp = await slot.stampNow();
      const facts = await slot.gather();
      if (JSON.stringify(facts) === JSON.stringify(slot.facts)) return;
      slot.facts = facts;
      this.changed();
    } catch (error) {
      this.failed(error);
    }
  }

  private slotsOf({ dataRoot, ignore, from, folder, runsDirs }: FactPlaces): Slot[] {
    const slots: Slot[] = [];
    if (dataRoot !== null) {
      const gather = async () => ({ dataset: await this.source.dataset(dataRoot, ignore) });
      slots.push(this.slot(`data ${JSON.stringify([dataRoot, ignore])}`, gather, () => modified(dataRoot)));
    }
    if (from !== null) {
      const gather = async (): Promise<KnownFacts> => {
        const checkpoint = await this.source.checkpoint(from, folder, runsDirs);
        return checkpoint == null ? {} : { checkpoint };
      };
      slots.push(this.slot(JSON.stringify([from, folder, runsDirs]), gather, async () => ""));
    }
    return slots;
  }

  private slot(key: string, gather: Slot["gather"], stampNow: Slot["stampNow"]): Slot {
    const slot = this.slots.get(key) ?? { facts: {}, stamp: "", gatheredAt: 0, pending: null, gather, stampNow };
    this.slots.delete(key);
    this.slots.set(key, slot);
    // The one that was asked for longest ago goes.
    if (this.slots.size > MAX_SLOTS) this.slots.delete(this.slots.keys().next().value!);
    return slot;
  }
}

async function modified(path: string): Promise<string> {
  try {
    return String((await stat(path)).mtimeMs);
  } catch {
    return "missing";
  }
}
