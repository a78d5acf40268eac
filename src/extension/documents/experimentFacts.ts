/** What lint wants to know of an experiment's images and checkpoint. */
import type { LintFacts } from "../../core/lint/facts.ts";
import { type FactSource, modified } from "./factStore.ts";

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
export interface FactGathering {
  dataset(root: string, ignore: readonly string[]): Promise<NonNullable<LintFacts["dataset"]>>;
  checkpoint(from: string, folder: string, runsDirs: readonly string[]): Promise<LintFacts["checkpoint"] | null>;
}

export type KnownFacts = Pick<LintFacts, "dataset" | "checkpoint">;

/** @param gathering how facts are gathered */
export function experimentSources(gathering: FactGathering): (places: FactPlaces) => FactSource<KnownFacts>[] {
  return ({ dataRoot, ignore, from, folder, runsDirs }) => {
    const sources: FactSource<KnownFacts>[] = [];
    if (dataRoot !== null) {
      sources.push({
        key: `data ${JSON.stringify([dataRoot, ignore])}`,
        gather: async () => ({ dataset: await gathering.dataset(dataRoot, ignore) }),
        stampNow: () => modified(dataRoot),
      });
    }
    if (from !== null) {
      const gather = async (): Promise<KnownFacts> => {
        const checkpoint = await gathering.checkpoint(from, folder, runsDirs);
        return checkpoint == null ? {} : { checkpoint };
      };
      sources.push({ key: JSON.stringify([from, folder, runsDirs]), gather, stampNow: async () => "" });
    }
    return sources;
  };
}
