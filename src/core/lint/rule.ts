/** What a semantic rule is and what it sees. */

import type { Severity } from "../experiment/diagnostic.ts";
import type { ExperimentDocument } from "../experiment/document.ts";
import type { Experiment, StageConfig } from "../experiment/schema.ts";
import { geometryOf, type MaskConfig, type MaskGeometry, maskConfig } from "../masks/masks.ts";
import type { Stage } from "../random/streams.ts";
import type { LintFacts } from "./facts.ts";

/** A change of keys, turned into text edits where the file's layout allows it. */
export interface KeyFix {
  readonly title: string;
  /** dotted keys and their YAML text */
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

export interface Finding {
  /** dotted keys; the first one that the file writes is underlined */
  readonly at: readonly string[];
  readonly message: string;
  /** the rule's own severity when left out */
  readonly severity?: Severity;
  readonly fix?: KeyFix;
}

/** One semantic rule. Its texts become docs/lint-rules.md. */
export interface Rule {
  /** stable: never reused, never given another meaning */
  readonly code: string;
  readonly name: string;
  readonly severity: Severity;
  /** what is wrong and what follows from it */
  readonly explanation: string;
  /** what the machine-applicable fix does; null without one */
  readonly fix: string | null;
  readonly check: (context: LintContext) => Iterable<Finding>;
}

export class LintContext {
  constructor(
    readonly experiment: Experiment,
    readonly document: ExperimentDocument,
    readonly facts: LintFacts,
  ) {}

  /** Whether the file itself gives the key. */
  isSet(path: string): boolean {
    return this.document.isSet(path);
  }

  /** g, or null where the patches do not divide the image. */
  get grid(): number | null {
    const { data, model } = this.experiment;
    return data.image_size % model.patch_size === 0 ? data.image_size / model.patch_size : null;
  }

  get mask(): MaskConfig {
    return maskConfig(this.experiment.mask);
  }

  /** What pretraining's mask comes to, or null where it does not fit the grid. */
  get geometry(): MaskGeometry | null {
    return this.grid === null ? null : geometryOf(this.mask, this.grid);
  }

  /** The stages looked at, with S of each; S is null where the mask does not fit. */
  *stages(): Generator<{ stage: Stage; config: StageConfig; visibleTokens: number | null }> {
    const { facts, grid } = this;
    if (facts.stage !== "finetune") {
      yield {
        stage: "pretrain",
        config: this.experiment.pretrain,
        visibleTokens: this.geometry?.visibleTokens ?? null,
      };
    }
    if (facts.stage !== "pretrain") {
      yield { stage: "finetune", config: this.experiment.finetune, visibleTokens: grid === null ? null : grid * grid };
    }
  }
}
