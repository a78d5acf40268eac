/** A host of the tools over a folder with one experiment, which starts nothing. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { fileToolHost, type HostParts } from "../../../src/node/assistant/fileToolHost.ts";

export const caller = { signal: new AbortController().signal, progress: () => {} };

export function hostOf(change: Partial<HostParts> = {}) {
  const root = mkdtempSync(join(tmpdir(), "maskdm-restricted-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "images"));
  writeFileSync(join(root, "images", "a.png"), "");
  writeFileSync(join(root, "a.maskdm.yaml"), "data: { path: images, image_size: 32 }\n");
  const refuse = async (): Promise<never> => {
    throw new Error("nothing may be started");
  };
  const host = fileToolHost({
    ...{ roots: () => [root], widen: "", runsDirFor: () => join(root, "runs"), unsaved: () => null },
    ...{ program: { command: "no-such-program", args: [], env: {} }, restricted: () => null },
    ...{ runs: async () => [], start: refuse, resume: refuse, stop: refuse },
    ...change,
  });
  return { host, root };
}
