/** Steps of one long story. */
import type { Editor } from "./driver.ts";

/**
 * For a suite whose every step needs those before it: what follows a failed one is skipped, and the editor as it was then is kept.
 * @param picture name of that screenshot
 */
export function stepsInOrder(editor: () => Editor | undefined, picture: string): void {
  let isBroken = false;
  beforeEach(function () {
    if (isBroken) this.skip();
  });
  afterEach(async function () {
    if (this.currentTest?.state !== "failed") return;
    isBroken = true;
    await editor()?.screenshot(picture);
  });
}
