import { cp, mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { ROOT } from "./paths.ts";

export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

const IMAGES = 24;
const SIZE = 32;

/** A folder that is gone after use. */
export async function temporaryFolder(prefix: string): Promise<TemporaryFolder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), prefix)));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }) };
}

/** A fresh copy of test/fixtures/workspace with images drawn into `images/`: coloured gradients, each another one. */
export async function fixtureWorkspace(): Promise<TemporaryFolder> {
  const folder = await temporaryFolder("maskdm-workspace-");
  await cp(join(ROOT, "test/fixtures/workspace"), folder.path, { recursive: true });
  await mkdir(join(folder.path, "images"), { recursive: true });
  for (let index = 0; index < IMAGES; index++) {
    const pixels = new Uint8Array(SIZE * SIZE * 3);
    for (let y = 0; y < SIZE; y++) {
      for (let x = 0; x < SIZE; x++) {
        const at = (y * SIZE + x) * 3;
        pixels[at] = (x * 8 + index * 10) % 256;
        pixels[at + 1] = (y * 8 + index * 20) % 256;
        pixels[at + 2] = (index * 255) / (IMAGES - 1);
      }
    }
    const name = `${String(index).padStart(2, "0")}.png`;
    await sharp(pixels, { raw: { width: SIZE, height: SIZE, channels: 3 } })
      .png()
      .toFile(join(folder.path, "images", name));
  }
  return folder;
}
