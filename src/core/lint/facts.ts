/** What only the caller of lint can know: the machine, the images, the checkpoint. */
import type { DataConfig, DiffusionConfig, Experiment, MaskSection, ModelConfig } from "../experiment/schema.ts";
import type { LeftOut } from "../images/fileKinds.ts";
import type { Stage } from "../random/streams.ts";

export interface DatasetFacts {
  /** whether there is anything at data.path */
  readonly exists: boolean;
  /** what there is, for people: a folder where it is missing */
  readonly noun?: string;
  /** the problem with what is there, such as `cannot be used: …`, and what to do; nothing else is known then */
  readonly problem?: string;
  /** files that look like images */
  readonly images?: number;
  /** first-level sub-folders that hold images, or classes that an archive tells of its images */
  readonly classes?: number;
  /** files that are not read, by kind */
  readonly leftOut?: LeftOut;
  /** files and folders that each pattern of data.ignore leaves out, in the patterns' order */
  readonly ignoredByPattern?: readonly number[];
  /** a folder that cannot be read, relative to data.path ("" for itself), and why; nothing else is known then */
  readonly unreadableFolder?: { readonly path: string; readonly reason: string };
  /** their names, in the order of `compareClassNames` */
  readonly classNames?: readonly string[];
}

/** What of a mask is part of the network. */
export const networkMask = ({ mode, fuse_blocks }: MaskSection): Partial<MaskSection> =>
  mode === "fuse" ? { mode, fuse_blocks } : { mode };

/** The experiment that a checkpoint was trained with, as far as it is known. */
export interface CheckpointFacts {
  /** what the user calls it */
  readonly name?: string;
  readonly data?: Partial<Pick<DataConfig, "image_size" | "channels">>;
  readonly model?: Partial<ModelConfig>;
  readonly mask?: Partial<MaskSection>;
  readonly diffusion?: Partial<DiffusionConfig>;
  /** names of its classes by number, where they are recorded */
  readonly classes?: readonly string[];
}

/** A run that is to go on with the experiment. */
export interface ResumedFacts {
  /** what the user calls it */
  readonly name: string;
  /** what it was trained with up to now */
  readonly experiment: Experiment;
  /** optimiser steps done */
  readonly step: number;
  /** its experiment file, as the user would write it */
  readonly file: string;
  /** arguments of the command that trains the like from the start */
  readonly anew: readonly string[];
  /** writes a call of this program so that the user's shell reads it back */
  readonly command: (...args: readonly string[]) => string;
  /** the user has said that a falling learning rate may be stretched over more steps */
  readonly stretchesLr: boolean;
}

export interface LintFacts {
  /** memory of the machine that a process may use */
  readonly memoryBytes?: number;
  /** logical processors of the machine */
  readonly cores?: number;
  /** whether `engine.backend: auto` takes PyTorch, on a device with a memory of its own */
  readonly autoTakesTorch?: boolean;
  readonly dataset?: DatasetFacts;
  /** what finetuning starts from */
  readonly checkpoint?: CheckpointFacts;
  /** the run that goes on; `stage` is its stage */
  readonly resumed?: ResumedFacts;
  /** the stage about to be run; the other one is then left out. Both are looked at when it is missing */
  readonly stage?: Stage;
}
