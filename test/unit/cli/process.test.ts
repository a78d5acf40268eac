/** The command line as a process: bundled as it is shipped, into a folder from which no native module can be found. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let folder: string;
let program: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-process-"));
  program = join(folder, "dist", "maskdm.js");
  // The bundles are modules by the package they are in.
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  execFileSync(process.execPath, ["esbuild.config.mjs", join(folder, "dist")]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

/** @param closed reads nothing of stdout and closes it at once, as `| head` may do */
function maskdm(args: readonly string[], closed = false): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    if (closed) child.stdout.destroy();
    else child.stdout.on("data", (data) => (out += data));
    child.stderr.on("data", (data) => (err += data));
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, out, err }));
  });
}

describe("the process", () => {
  it("starts without loading an engine or an image library", async () => {
    const { exitCode, out, err } = await maskdm(["--help"]);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
    expect(out).toContain("Usage: maskdm");
  });

  it("can be called by its name: the bundle says what runs it", async () => {
    expect(readFileSync(program, "utf8").split("\n", 1)[0]).toBe("#!/usr/bin/env node");
  });

  it("ends with 2 on bad usage and on files that are not there, with a message and no stack", async () => {
    for (const args of [[], ["no-such-command"], ["new"], ["new", "x", "--data", "nowhere"], ["runs", "nowhere"]]) {
      const { exitCode, out, err } = await maskdm(args);
      expect(exitCode, args.join(" ")).toBe(2);
      expect(out).toBe("");
      expect(err).not.toBe("");
      expect(err).not.toMatch(/\n {4}at /);
    }
  });

  it("is quiet about a reader that has gone away", async () => {
    expect(await maskdm(["--help"], true)).toEqual({ exitCode: 0, out: "", err: "" });
  });

  it("tells an unexpected error in one line: here, a native module that is missing", async () => {
    mkdirSync(join(folder, "images"));
    writeFileSync(join(folder, "images", "a.png"), "a picture, by its name");
    const { exitCode, out, err } = await maskdm(["new", "e", "--data", "images"]);
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: "" });
    expect(err).toMatch(/^error: .*sharp.*MASKDM_DEBUG=1.*\n$/);
  });
});
