/** Folders of images made for a test. */
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterAll } from "vitest";
import type { DataConfig } from "../../../src/core/experiment/schema.ts";

export const FIXTURES = join(import.meta.dirname, "../../fixtures/images");

const made: string[] = [];
// Registered on import: a hook registered while a test runs would never be called.
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A fresh folder, removed after the file's tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "maskdm-data-"));
  made.push(folder);
  return folder;
}

/** Writes files below a folder, with the folders between; returns the folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, Uint8Array | string>>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

export function dataConfig(changes: Partial<DataConfig> = {}): DataConfig {
  return {
    path: "images",
    ignore: [],
    image_size: 8,
    channels: 3,
    hflip: 0,
    background: "#ffffff",
    labels: "none",
    max_broken: 0.05,
    holdout: 0,
    ...changes,
  };
}

/** uint8 RGB [H, W, 3] of a smooth picture without any symmetry. */
export function gradient(width: number, height: number): Buffer {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = 3 * (y * width + x);
      data[at] = Math.round((255 * x) / (width - 1));
      data[at + 1] = Math.round((200 * y) / (height - 1));
      data[at + 2] = Math.round(40 + (100 * (x + y)) / (width + height - 2));
    }
  }
  return data;
}

export function rgbImage(data: Uint8Array, width: number, height: number): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** A PNG of one colour. */
export function plainPng(colour: string, width = 8, height = 8): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: colour } })
    .png()
    .toBuffer();
}

/** Largest difference between two arrays of pixels of equal length. */
export function largestDifference(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new Error(`${a.length} and ${b.length} values`);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

/**
 * Does something without the super-user's right to read everything, which the tests may well have (in a container).
 * @param folder given to the ordinary user
 */
export async function asOrdinaryUser<T>(folder: string, work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work();
  const NOBODY = 65534;
  chownSync(folder, NOBODY, NOBODY);
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
