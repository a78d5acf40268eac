import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Frame } from "playwright-core";

/** A digest of what canvases show. */
export async function picture(frame: Frame, canvases: string): Promise<string> {
  const pictures = await frame
    .locator(canvases)
    .evaluateAll((nodes: HTMLCanvasElement[]) => nodes.map((node) => node.toDataURL()).join());
  return createHash("sha256").update(pictures).digest("hex");
}

/** The digest of canvases that have not changed for half a second. */
export async function stablePicture(frame: Frame, canvases: string): Promise<string> {
  for (let last = ""; ; ) {
    const now = await picture(frame, canvases);
    if (now === last) return now;
    last = now;
    await sleep(500);
  }
}
