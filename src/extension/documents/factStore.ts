/** Keeps what lint wants to know of what lies outside a document, and finds out in the background; asking never waits. */
import { stat } from "node:fs/promises";

/** Something outside a document that a part of its facts is of. */
export interface FactSource<F> {
  /** equal for what gathers the same */
  readonly key: string;
  readonly gather: () => Promise<F>;
  /** changes when what the facts are of surely did */
  readonly stampNow: () => Promise<string>;
}

interface Slot<F> extends FactSource<F> {
  facts: F | null;
  stamp: string;
  gatheredAt: number;
  pending: Promise<void> | null;
}

/** Facts older than this are gathered anew when they are next refreshed: a sub-folder does not change its parent's time. */
const MAX_AGE_MS = 20_000;
const MAX_SLOTS = 64;

/** @typeParam P where a document's facts come from */
export class FactStore<P, F extends object> {
  private readonly slots = new Map<string, Slot<F>>();

  /**
   * @param sources of a document's facts
   * @param changed called when facts came to be known or changed
   * @param failed told of errors that are nobody's fault but the program's
   */
  constructor(
    private readonly sources: (places: P) => readonly FactSource<F>[],
    private readonly changed: () => void,
    private readonly failed: (error: unknown) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** What is known now. */
  known(places: P): Partial<F> {
    return Object.assign({}, ...this.slotsOf(places).map((slot) => slot.facts)) as Partial<F>;
  }

  /** Finds out what is not known, and looks again at what may have changed. Resolves when everything is known. */
  async refresh(places: P): Promise<void> {
    await Promise.all(this.slotsOf(places).map((slot) => this.refreshSlot(slot)));
  }

  private async refreshSlot(slot: Slot<F>): Promise<void> {
    const isOld = this.now() - slot.gatheredAt > MAX_AGE_MS;
    if (isOld || slot.pending !== null || (await slot.stampNow()) !== slot.stamp) await this.gather(slot);
  }

  private gather(slot: Slot<F>): Promise<void> {
    slot.pending ??= this.gatherNow(slot).finally(() => {
      slot.pending = null;
    });
    return slot.pending;
  }

  private async gatherNow(slot: Slot<F>): Promise<void> {
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

  private slotsOf(places: P): Slot<F>[] {
    return this.sources(places).map((source) => this.slot(source));
  }

  private slot(source: FactSource<F>): Slot<F> {
    const { key } = source;
    const slot = this.slots.get(key) ?? { ...source, facts: null, stamp: "", gatheredAt: 0, pending: null };
    this.slots.delete(key);
    this.slots.set(key, slot);
    // The one that was asked for longest ago goes.
    if (this.slots.size > MAX_SLOTS) this.slots.delete(this.slots.keys().next().value!);
    return slot;
  }
}

/** A stamp of a file or folder: when it was last changed. */
export async function modified(path: string): Promise<string> {
  try {
    return String((await stat(path)).mtimeMs);
  } catch {
    return "missing";
  }
}
