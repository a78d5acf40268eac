import { execFileSync } from "node:child_process";
import { mkdirSync, rmdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseDocument } from "../../../src/core/run/format.ts";
import { statusSchema } from "../../../src/core/run/status.ts";
import { FileTail } from "../../../src/node/run/fileTail.ts";
import { readText } from "../../../src/node/run/readText.ts";
import { readStatus } from "../../../src/node/run/status.ts";
import { temporaryFolder } from "./support.ts";

describe("reading what stands in a file's place", () => {
  const onSystemsWithPipes = test.skipIf(process.platform === "win32");

  test("gives a file's text, and refuses a folder and what is too large", () => {
    const folder = temporaryFolder();
    const path = join(folder, "file");
    writeFileSync(path, "größer\n");
    expect(readText(path)).toBe("größer\n");
    truncateSync(path, 2 ** 30);
    expect(() => readText(path)).toThrow("EFBIG");
    expect(() => readText(folder)).toThrow("EISDIR");
    expect(() => readText(join(folder, "none"))).toThrow("ENOENT");
  });

  onSystemsWithPipes("does not wait for a pipe's writer, nor read a device without end", () => {
    const folder = temporaryFolder();
    execFileSync("mkfifo", [join(folder, "status.json")]);
    expect(readStatus(folder)).toEqual({ ok: false, reason: "status.json cannot be read (ENOTSUP)" });
    symlinkSync("/dev/zero", join(folder, "endless"));
    expect(() => readText(join(folder, "endless"))).toThrow("ENOTSUP");
  });

  test("a tail of a folder, and of a file that fails, goes on and says so once", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "log.txt");
    mkdirSync(path);
    const errors: unknown[] = [];
    let looks = 0;
    await new Promise<void>((resolve) => {
      const tail = new FileTail(path, {
        bytes: () => {
          throw new Error("cannot be taken");
        },
        failed: (error) => errors.push(error),
        looked: () => {
          looks++;
          if (looks === 1) {
            rmdirSync(path);
            writeFileSync(path, "text");
          }
          if (looks < 4) return;
          tail.dispose();
          resolve();
        },
      });
    });
    expect(errors).toHaveLength(1);
  });
});

test("a document that is nested too deeply to be written again is refused, brackets in texts are none", () => {
  const status = { formatVersion: 1, state: "finished", step: 1, totalSteps: 1, imagesSeen: 1, imagesPerSecond: null };
  const rest = { etaSeconds: null, loss: null, heartbeat: "2026-01-01T00:00:00Z", message: '\\"[[{{'.repeat(500) };
  const text = JSON.stringify({ ...status, ...rest });
  expect(parseDocument(statusSchema, text)).toMatchObject({ ok: true });
  const deep = text.replace("{", `{"deep":${"[".repeat(50_000)}${"]".repeat(50_000)},`);
  expect(parseDocument(statusSchema, deep)).toEqual({ ok: false, reason: "is nested too deeply" });
});
