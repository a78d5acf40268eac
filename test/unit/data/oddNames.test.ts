/** Names that are no UTF-8, and names that would move the cursor or forge a line. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { shownLines, shownText } from "../../../src/core/shownText.ts";
import { nameFromBytes, systemPath } from "../../../src/node/images/fileNames.ts";
import { findImages } from "../../../src/node/images/findImages.ts";
import { FolderSource } from "../../../src/node/images/folderSource.ts";
import { DataServer } from "../../../src/trainer/data/dataServer.ts";
import { openDataset } from "../../../src/trainer/data/dataset.ts";
import { dataConfig, plainPng, temporaryFolder, writeFiles } from "./testFolder.ts";

/** Others refuse such names. */
const linux = it.skipIf(process.platform !== "linux");

describe("names as texts", () => {
  it.each([
    ["plain", "abc.png"],
    ["Latin-1", "caf\xe9.png"],
    ["Shift JIS", "\x83\x65\x83\x58\x83\x67.png"],
    ["cut UTF-8", "\xe2\x82"],
    ["overlong", "\xc0\xaf"],
    ["half of a pair", "\xed\xa0\x80\xed\xb0\x80"],
    ["mixed", "\xc3\xa9\xe9\xf0\x9f\x98\x80\xff"],
  ])("come back as the bytes they were: %s", (_, latin1) => {
    const bytes = Buffer.from(latin1, "latin1");
    expect(Buffer.from(systemPath(nameFromBytes(bytes)) as string).equals(bytes)).toBe(true);
    expect(JSON.parse(JSON.stringify(nameFromBytes(bytes)))).toBe(nameFromBytes(bytes));
  });

  it("stay texts where they are", () => {
    expect(systemPath("a/é\u{1f600}.png")).toBe("a/é\u{1f600}.png");
    expect(nameFromBytes(Buffer.from("é\u{1f600}"))).toBe("é\u{1f600}");
  });
});

describe("images whose names are no UTF-8", () => {
  linux("are found, decoded, cached and read like others", async () => {
    const base = temporaryFolder();
    writeFiles(base, { "images/plain.png": await plainPng("#111111") });
    const put = async (latin1: string, colour: string): Promise<void> =>
      writeFileSync(
        Buffer.concat([Buffer.from(`${base}/images/`), Buffer.from(latin1, "latin1")]),
        await plainPng(colour),
      );
    await put("caf\xe9.png", "#222222");
    await put("na\xefve", "#333333");
    await put("caf\xc3\xa9.png", "#444444");
    for (const toDecode of [4, 0]) {
      let decoded = 0;
      const dataset = await openDataset(dataConfig(), base, { onProgress: () => decoded++ });
      expect(decoded).toBe(toDecode);
      expect(dataset.broken).toEqual([]);
      expect(dataset.images.map(({ path }) => shownText(path))).toEqual([
        "caf\u00e9.png",
        "caf\\xe9.png",
        "na\\xefve",
        "plain.png",
      ]);
      const out = new Uint8Array(4 * dataset.imageBytes);
      dataset.readInto(Uint32Array.of(0, 1, 2, 3), out);
      expect([0, 1, 2, 3].map((i) => out[i * dataset.imageBytes])).toEqual([0x44, 0x22, 0x33, 0x11]);
      dataset.close();
    }
  });

  linux("may lie in folders with such names", async () => {
    const base = temporaryFolder();
    const { mkdirSync } = await import("node:fs");
    const folder = Buffer.concat([Buffer.from(`${base}/`), Buffer.from("caf\xe9", "latin1")]);
    mkdirSync(folder);
    writeFileSync(Buffer.concat([folder, Buffer.from("/a.png")]), await plainPng("#000000"));
    const { images, unreadableFolders } = await findImages(new FolderSource(base), []);
    expect({ images, unreadableFolders }).toEqual({ images: ["caf\udce9/a.png"], unreadableFolders: [] });
  });
});

describe("shown texts", () => {
  it.each([
    ["a\x1b[31mred", "a\\x1b[31mred"],
    ["a\nb\r\tc", "a\\nb\\r\\tc"],
    ["\x9b31m\x7f", "\\x9b31m\\x7f"],
    ["gpj\u202egnp.a", "gpj\\u202egnp.a"],
    ["zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"],
    ["caf\udce9", "caf\\xe9"],
    ["half \ud800", "half \\ud800"],
    ["日本 é \u{1f468}\u200d\u{1f469}", "日本 é \u{1f468}\u200d\u{1f469}"],
  ])("%j", (text, shown) => {
    expect(shownText(text)).toBe(shown);
  });

  it("of several lines keep these", () => {
    expect(shownLines("a\r\n\tb\x1b[2J\nc")).toBe("a\n\tb\\x1b[2J\nc");
  });

  linux("are what every message about an image has", async () => {
    const base = writeFiles(temporaryFolder(), { "images/good.png": await plainPng("#000000") });
    const evil = "evil\n2026-01-01T00:00:00.000Z forged\x1b[2J.png";
    writeFileSync(join(base, "images", evil), "no image");
    writeFileSync(join(base, "images", `${evil}.odd`), readFileSync(join(base, "images/good.png")));
    const shown = "evil\\n2026-01-01T00:00:00.000Z forged\\x1b[2J.png";
    const lines: string[] = [];
    const dataset = await openDataset(dataConfig({ max_broken: 1 }), base, { log: (line) => lines.push(line) });
    dataset.close();
    expect(lines.join("\n")).toContain(`  ${shown}: not a `);
    expect(lines.join("\n")).not.toContain("\x1b");
    expect(lines.join("\n")).not.toMatch(/^2026/m);
    await expect(openDataset(dataConfig({ max_broken: 0 }), base)).rejects.toThrow(`  ${shown}: not a `);
    await expect(openDataset(dataConfig({ labels: "folders", max_broken: 1 }), base)).rejects.toThrow(shown);

    const answers: unknown[] = [];
    const server = new DataServer(
      (answer) => answers.push(answer),
      () => {},
    );
    const config = dataConfig({ max_broken: 1 });
    await server.handle(JSON.stringify({ id: 1, method: "open", config, baseDir: base }));
    await server.handle(JSON.stringify({ id: 2, method: "read", indices: [0, 1] }));
    server.close();
    expect(answers.at(-1)).toMatchObject({ paths: [`${shown}.odd`, "good.png"] });
  });
});
