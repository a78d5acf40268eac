/** Run as a process of its own by processes.test.ts: opens a data set and prints what it got as one line of JSON, and progress to stderr. */
import { createHash } from "node:crypto";
import { openDataset } from "../../../src/trainer/data/dataset.ts";

const [path = "", base = "", size = ""] = process.argv.slice(2);
const dataset = await openDataset(
  {
    path,
    image_size: Number(size),
    channels: 3,
    hflip: 0,
    background: "#ffffff",
    ignore: [],
    labels: "none",
    max_broken: 0.05,
    holdout: 0,
  },
  base,
  {
    // From disk, so that the files of other processes are in use for longer.
    memoryLimit: 0,
    onProgress: (done) => process.stderr.write(`${done}\n`),
  },
);
const pixels = new Uint8Array(dataset.imageBytes);
const hash = createHash("sha256");
for (let i = 0; i < dataset.count; i++) {
  dataset.readInto(new Uint32Array([i]), pixels);
  hash.update(pixels);
}
process.stdout.write(`${JSON.stringify({ count: dataset.count, sha256: hash.digest("hex") })}\n`);
dataset.close();
