/** What a semantic rule is and what it sees. */

import type { Severity } from "../experiment/diagnostic.ts";
import type { ExperimentDocument, KeyPath } from "../experiment/document.ts";
import type { KeyChanges } from "../experiment/edit.ts";
import type { Experiment, StageConfig } from "../experiment/schema.ts";
import { geometryOf, type MaskConfig, type MaskGeometry } from "../masks/masks.ts";
import { type MaskPiece, maskPieces, onGrid } from "../masks/schedule.ts";
import type { Stage } from "../random/streams.ts";
import type { LintFacts } from "./facts.ts";

/** A change of keys, turned into text edits where the file's layout allows it. */
export interface KeyFix<P extends KeyPath = string> {
  readonly title: string;
  /** keys and their YAML text */
  readonly set?: P extends string ? Readonly<Record<string, string>> : KeyChanges["set"];
  readonly remove?: readonly P[];
}

export interface Finding<P extends KeyPath = string> {
  /** the first one that the file writes is underlined */
  readonly at: readonly P[];
  readonly message: string;
  /** the rule's own severity when left out */
  readonly severity?: Severity;
  readonly fix?: KeyFix<P>;
}

/** What documentation says of a rule. */
export interface RuleText {
  /** stable: never reused, never given another meaning */
  readonly code: string;
  readonly name: string;
  readonly severity: Severity;
  /** what is wrong and what follows from it */
  readonly explanation: string;
  /** what the machine-applicable fix does; null without one */
  readonly fix: string | null;
}

/** One semantic rule. Its texts become docs/lint-rules.md. */
export interface Rule<C = LintContext, P extends KeyPath = string> extends RuleText {
  readonly check: (context: C) => Iterable<Finding<P>>;
}

export class LintContext {
  /** @param looked the piece of the mask that is looked at; the first one where left out */
  constructor(
    readonly experiment: Experiment,
    readonly document: ExperimentDocument,
    readonly facts: LintFacts,
    private readonly looked?: MaskPiece,
  ) {}

  /** Whether the file itself gives the key, to the piece of the mask that is looked at or to all. */
  isSet(path: string): boolean {
    return this.document.isSet(path) || this.owns(path);
  }

  /** Whether the file gives a key of the mask to the piece that is looked at; other keys are everybody's. */
  owns(path: string): boolean {
    return this.document.isSet(this.pathOf(path));
  }

  /** Where a key of the mask stands that is the looked at piece's own. */
  pathOf(path: string): string {
    const { name } = this.piece;
    return path.startsWith("mask.") && name !== "mask.rate" ? `${name}.${path.slice("mask.".length)}` : path;
  }

  /** The pieces of pretraining's mask; one where it does not change. */
  get pieces(): MaskPiece[] {
    const { mask, pretrain } = this.experiment;
    // The steps are asked for where there are borders only: a rule says nothing if they are refused.
    return maskPieces(mask, "pretrain", typeof mask.rate === "number" ? 1 : pretrain.steps);
  }

  get piece(): MaskPiece {
    return this.looked ?? this.pieces[0]!;
  }

  /** The same with another piece looked at. */
  at(piece: MaskPiece): LintContext {
    return new LintContext(this.experiment, this.document, this.facts, piece);
  }

  /** g, or null where the patches do not divide the image. */
  get grid(): number | null {
    const { data, model } = this.experiment;
    return data.image_size % model.patch_size === 0 ? data.image_size / model.patch_size : null;
  }

  /** Of the piece that is looked at. */
  get mask(): MaskConfig {
    return this.piece.config;
  }

  /** What it comes to, or null where it does not fit the grid. */
  get geometry(): MaskGeometry | null {
    return this.grid === null ? null : geometryOf(this.mask, this.grid);
  }

  /** The stages looked at, with the largest S of each; it is null where a mask does not fit. */
  *stages(): Generator<{ stage: Stage; config: StageConfig; visibleTokens: number | null }> {
    const { facts, grid } = this;
    if (facts.stage !== "finetune") {
      const masks = grid === null ? null : onGrid(this.pieces, grid);
      const visibleTokens = masks && Math.max(...masks.map(({ geometry }) => geometry.visibleTokens));
      yield { stage: "pretrain", config: this.experiment.pretrain, visibleTokens };
    }
    if (facts.stage !== "pretrain") {
      yield { stage: "finetune", config: this.experiment.finetune, visibleTokens: grid === null ? null : grid * grid };
    }
  }
}
