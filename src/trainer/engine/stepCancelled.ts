/** A training step was broken off because somebody asked for it: weights and moments are as they were before it. */
export class StepCancelled extends Error {
  override readonly name = "StepCancelled";

  constructor() {
    super("the step was broken off");
  }
}
