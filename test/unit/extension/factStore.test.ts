import { mkdirSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DatasetFacts } from "../../../src/core/lint/facts.ts";
import { experimentSources, type FactPlaces } from "../../../src/extension/documents/experimentFacts.ts";
import { FactStore } from "../../../src/extension/documents/factStore.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-facts-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A store with a clock of its own over data that the test changes. */
function setUp() {
  const seen = { counted: 0, changes: 0, errors: [] as unknown[], now: 1_000_000, images: 3 };
  let fails = false;
  const store = new FactStore(
    experimentSources({
      dataset: async (): Promise<DatasetFacts> => {
        seen.counted++;
        if (fails) throw new Error("unexpected");
        return { exists: true, images: seen.images, classes: 0 };
      },
      checkpoint: async (from) => (from === "known" ? { name: from } : null),
    }),
    () => seen.changes++,
    (error) => seen.errors.push(error),
    () => seen.now,
  );
  const places = (from: string | null = null): FactPlaces => ({
    dataRoot: folder,
    ignore: [],
    from,
    folder,
    runsDirs: [],
  });
  return { store, seen, places, failFromNow: () => (fails = true) };
}

describe("FactStore", () => {
  it("knows nothing at first, and tells once it does", async () => {
    const { store, seen, places } = setUp();
    expect(store.known(places("known"))).toEqual({});
    await store.refresh(places("known"));
    expect(store.known(places("known"))).toEqual({
      dataset: { exists: true, images: 3, classes: 0 },
      checkpoint: { name: "known" },
    });
    expect(store.known(places("unknown"))).toEqual({ dataset: { exists: true, images: 3, classes: 0 } });
    expect(seen.changes).toBe(2);
  });

  it("counts once for all who ask at the same time", async () => {
    const { store, seen, places } = setUp();
    await Promise.all([store.refresh(places()), store.refresh(places()), store.refresh(places())]);
    expect(seen.counted).toBe(1);
  });

  it("counts again when the folder changed, and tells only of a difference", async () => {
    const { store, seen, places } = setUp();
    await store.refresh(places());
    await store.refresh(places());
    expect(seen.counted).toBe(1);
    utimesSync(folder, 1, 1);
    await store.refresh(places());
    expect([seen.counted, seen.changes]).toEqual([2, 1]);
    seen.images = 4;
    mkdirSync(join(folder, "more"));
    await store.refresh(places());
    expect([seen.counted, seen.changes]).toEqual([3, 2]);
    expect(store.known(places()).dataset?.images).toBe(4);
  });

  it("counts again after a while, as sub-folders change unseen", async () => {
    const { store, seen, places } = setUp();
    await store.refresh(places());
    seen.now += 60_000;
    await store.refresh(places());
    expect(seen.counted).toBe(2);
  });

  it("keeps what it knew where looking fails", async () => {
    const { store, seen, places, failFromNow } = setUp();
    await store.refresh(places());
    failFromNow();
    seen.now += 60_000;
    await store.refresh(places());
    expect(store.known(places()).dataset?.images).toBe(3);
    expect(seen.errors).toHaveLength(1);
  });
});
