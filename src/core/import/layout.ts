/** What the tensors of a published network are called, and what is otherwise about it. */
import type { StoredTensor } from "../model/storedTensor.ts";
import type { ImportedModel } from "./importedModel.ts";

export interface Layout {
  readonly name: "maskdm" | "uvit" | "dit";
  readonly title: string;
  /** a tensor that no other layout has */
  readonly signature: string;
  /** its patch embedding's weight, [D, C, p, p] */
  readonly patches: string;
  /**
   * @param source the file, for messages
   * @param classes number of classes, where the user says it
   * @throws UserError where the network is none that can be built here
   */
  read(tensors: ReadonlyMap<string, StoredTensor>, source: string, classes: number | null): ImportedModel;
}
