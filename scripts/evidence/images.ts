/** The images of the studies: emoji of 64 px by two artists, from the packages that are development dependencies. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const SETS: Readonly<Record<string, readonly string[]>> = {
  google: ["--size", "64"],
  // A tenth is trained on: half of a fifth is held out.
  "twitter-fifth": ["--size", "64", "--artist", "twitter", "--every", "5"],
};

/** Makes what is not there. @param root of the repository */
export function makeImages(root: string): void {
  for (const [name, options] of Object.entries(SETS)) {
    const out = join(root, "out/evidence/images", name);
    if (existsSync(out)) continue;
    execFileSync(process.execPath, [join(root, "scripts/emoji.mjs"), ...options, "--out", out], { stdio: "inherit" });
  }
}
