/** The data server as a process of its own, with the client that the extension keeps. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import { DataServerClient, SupersededError } from "../../../src/node/dataServer/client.ts";
import { encodeFrame, FrameReader } from "../../../src/node/dataServer/frames.ts";
import { openDataset } from "../../../src/trainer/data/dataset.ts";
import { dataConfig, gradient, rgbImage, temporaryFolder, writeFiles } from "../data/testFolder.ts";

const SIZE = 8;
const NAMES = ["a.png", "b.png", "c/d.png", "e.png"];
const lines: string[] = [];
const clients: DataServerClient[] = [];
let base = "";
let program = "";

beforeAll(async () => {
  base = temporaryFolder();
  for (const [i, name] of NAMES.entries()) {
    const picture = gradient(SIZE, SIZE).map((value) => (value + 31 * i) & 255);
    writeFiles(base, { [`images/${name}`]: await rgbImage(picture, SIZE, SIZE).png().toBuffer() });
  }
  // Beside the packages, which the bundle does not hold.
  program = join(import.meta.dirname, "../../../out/test/data-server/maskdm.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "programs/dataServer.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
  });
});
afterAll(() => {
  for (const client of clients) client.dispose();
});

function newClient(): DataServerClient {
  const client = new DataServerClient(
    () => ({ command: process.execPath, args: [program], env: {} }),
    (line) => lines.push(line),
  );
  clients.push(client);
  return client;
}

describe("the data server", () => {
  it("opens a data set with progress, and reads its images as training does", async () => {
    const client = newClient();
    const progress: number[] = [];
    const opened = await client.open(dataConfig(), base, (done, total) => {
      expect(total).toBe(NAMES.length);
      progress.push(done);
    });
    expect(opened).toMatchObject({ count: 4, classes: [], broken: 0 });
    expect(progress.at(-1)).toBe(4);
    const { paths, pixels } = await client.read(dataConfig(), base, [2, 0, 3]);
    expect(paths).toEqual(["c/d.png", "a.png", "e.png"]);
    const dataset = await openDataset(dataConfig(), base);
    const expected = new Uint8Array(3 * dataset.imageBytes);
    dataset.readInto(Uint32Array.of(2, 0, 3), expected);
    dataset.close();
    expect([...pixels]).toEqual([...expected]);
  });

  it("answers many requests at once, in their order", async () => {
    const client = newClient();
    await client.open(dataConfig(), base);
    const answers = await Promise.all([0, 1, 2, 3].map((index) => client.read(dataConfig(), base, [index])));
    expect(answers.map(({ paths }) => paths[0])).toEqual(NAMES);
  });

  it("opens another data set in its place, by itself where images of it are read", async () => {
    const client = newClient();
    await client.open(dataConfig(), base);
    const grey = dataConfig({ channels: 1, image_size: 4 });
    const { pixels } = await client.read(grey, base, [0, 1]);
    expect(pixels).toHaveLength(2 * 4 * 4);
  });

  it("refuses what cannot be done, in words for people, and goes on", async () => {
    const client = newClient();
    await expect(client.open(dataConfig({ path: "nowhere" }), base)).rejects.toThrow(UserError);
    await expect(client.open(dataConfig({ path: "nowhere" }), base)).rejects.toThrow(/nowhere/);
    await client.open(dataConfig(), base);
    await expect(client.read(dataConfig(), base, [4])).rejects.toThrow(/holds 4 images only/);
    expect((await client.read(dataConfig(), base, [3])).paths).toEqual(["e.png"]);
  });

  it("is started again after it was killed, with the same data set", async () => {
    const client = newClient();
    await client.open(dataConfig(), base);
    const pid = client.pid!;
    process.kill(pid, "SIGKILL");
    while (client.pid === pid) await sleep(10);
    const { paths } = await client.read(dataConfig(), base, [1]);
    expect(paths).toEqual(["b.png"]);
    expect(client.pid).not.toBe(pid);
  });

  it("tells what was asked of it when it is killed meanwhile", async () => {
    const client = newClient();
    const opening = client.open(dataConfig({ image_size: 16 }), base);
    process.kill(client.pid!, "SIGKILL");
    await expect(opening).rejects.toThrow(/process that reads the images ended/);
  });

  it("gives up opening one data set when another is wanted", async () => {
    const client = newClient();
    const first = client.open(dataConfig({ image_size: 20 }), base);
    const second = client.open(dataConfig({ image_size: 24 }), base);
    await expect(first).rejects.toThrow(SupersededError);
    expect((await second).count).toBe(4);
  });

  it("ends when its client is disposed of, and when its input ends", async () => {
    const client = newClient();
    await client.open(dataConfig(), base);
    const pid = client.pid!;
    client.dispose();
    await untilGone(pid);
    await expect(client.open(dataConfig(), base)).rejects.toThrow(SupersededError);
  });

  it("says so where the program cannot be started", async () => {
    const client = new DataServerClient(
      () => ({ command: join(base, "no-such-program"), args: [], env: {} }),
      () => {},
    );
    clients.push(client);
    await expect(client.open(dataConfig(), base)).rejects.toThrow(/ENOENT/);
  });
});

async function untilGone(pid: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(10);
  }
  throw new Error(`process ${pid} is still there`);
}

describe("frames", () => {
  const frames: readonly [unknown, Uint8Array][] = [
    [{ kind: "a" }, new Uint8Array(0)],
    [{ kind: "b", text: "ü" }, Uint8Array.of(1, 2, 3)],
    [[], new Uint8Array(5000).fill(7)],
  ];
  const stream = Buffer.concat(frames.flatMap(([head, body]) => encodeFrame(head, body)));

  it.each([1, 3, 8, 4096, stream.length])("come whole however they are cut, here every %i bytes", (step) => {
    const received: [unknown, Uint8Array][] = [];
    const reader = new FrameReader((head, body) => received.push([head, body]));
    for (let at = 0; at < stream.length; at += step) reader.push(stream.subarray(at, at + step));
    expect(received).toEqual(frames);
  });

  it("refuses what is none", () => {
    const reader = new FrameReader(() => {});
    expect(() => reader.push(Buffer.from("a note on standard output"))).toThrow(/no frame/);
  });
});
