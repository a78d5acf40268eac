/** Installations that cannot work, with the real npm, and one that is there. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import { installTensorflow, type Way } from "../../../src/trainer/tensorflow/install.ts";
import { NODE_HEADERS, NODE_HEADERS_VERSION } from "../../../src/trainer/tensorflow/npmPackage.ts";
import { TFJS_NODE, TFJS_NODE_VERSION, tensorflowFolder } from "../../../src/trainer/tensorflow/tensorflowFolder.ts";
import { type LocalRegistry, localRegistry } from "./localRegistry.ts";

let data: string;
let folder: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "maskdm-tensorflow-"));
  folder = join(data, "maskdm-studio", "tensorflow", "tfjs-node");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(data, { recursive: true, force: true });
});

/** @returns the error and what was said before it */
async function failure(
  ways: readonly Way[] = ["npm", "wheel"],
  signal = new AbortController().signal,
  heard = (_: string): void => {},
) {
  const said: string[] = [];
  const say = (line: string): void => {
    said.push(line);
    heard(line);
  };
  try {
    await installTensorflow({ folder, ways, pythons: ["python3"], say, signal });
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return { message: (error as UserError).message, said };
  }
  throw new Error("the installation did not fail");
}

/** The address of a server that is no more. */
async function nobody(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

async function withoutRegistry(): Promise<string> {
  const registry = await nobody();
  useRegistry(registry);
  return registry;
}

function useRegistry(registry: string): void {
  vi.stubEnv("npm_config_registry", registry);
  vi.stubEnv("npm_config_replace_registry_host", "always");
  vi.stubEnv("npm_config_fetch_retries", "0");
  vi.stubEnv("npm_config_cache", join(data, "cache"));
}

/** A registry whose tfjs-node does not load, in its version that is asked for. */
function registryOfBroken(script: { readonly install?: string } = {}): Promise<LocalRegistry> {
  const files = { "index.js": 'throw new Error("no such machine");' };
  return localRegistry(join(data, "registry"), [
    { name: TFJS_NODE, version: TFJS_NODE_VERSION, files, ...script },
    { name: NODE_HEADERS, version: NODE_HEADERS_VERSION, files: {} },
  ]);
}

describe("an installation", () => {
  it("tells that the registry cannot be reached, and leaves nothing behind", async () => {
    const registry = await withoutRegistry();
    const { message, said } = await failure();
    expect(message).toContain("npm could not fetch @tensorflow/tfjs-node");
    expect(message).toContain(registry.replace("http://", ""));
    expect(message).not.toMatch(/^\s+at /m);
    expect(said).toHaveLength(1);
    expect(readdirSync(dirname(folder))).toEqual([]);
  });

  it("tells that there is no npm, and where it comes from", async () => {
    vi.stubEnv("PATH", join(data, "empty"));
    expect((await failure()).message).toMatch(/npm is not found.*https:\/\/nodejs\.org/);
    expect(readdirSync(dirname(folder))).toEqual([]);
  });

  it("that does not load is told with the version of Node, and what to do without it", async () => {
    const registry = await registryOfBroken();
    try {
      useRegistry(registry.url);
      const { message } = await failure(["npm"]);
      expect(message).toContain(`does not work with Node ${process.versions.node} on ${process.platform}`);
      expect(message).toMatch(/no such machine\n.*Another version of Node\.js.*engine\.backend: auto/);
      expect(readdirSync(dirname(folder))).toEqual([]);
    } finally {
      await registry.close();
    }
  });

  it("runs the script of tfjs-node also where npm is set to run none", async () => {
    const registry = await registryOfBroken({ install: "exit 1" });
    try {
      useRegistry(registry.url);
      vi.stubEnv("npm_config_ignore_scripts", "true");
      const { message } = await failure(["npm"]);
      expect(message).toContain("the install script of @tensorflow/tfjs-node failed");
    } finally {
      await registry.close();
    }
  });

  it("leaves nothing behind when it is stopped", async () => {
    const stop = new AbortController();
    const { message } = await failure(["npm"], stop.signal, () => stop.abort());
    expect(message).toBe("The installation was stopped; nothing of it is left.");
    expect(readdirSync(dirname(folder))).toEqual([]);
  });

  it("that is broken is replaced by one that works only: it stays where that fails", async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), "{}");
    await withoutRegistry();
    const { said } = await failure();
    expect(said[0]).toMatch(/does not work \(.*Cannot find module '@tensorflow\/tfjs-node'/);
    expect(readdirSync(dirname(folder))).toEqual(["tfjs-node"]);
    expect(readdirSync(folder)).toEqual(["package.json"]);
  });

  it("removes what one left that was killed, and nothing of one that goes on", async () => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    const parent = dirname(folder);
    mkdirSync(join(parent, `.installing-${pid}-abc`, "node_modules"), { recursive: true });
    mkdirSync(join(parent, `.installing-${process.ppid}-abc`));
    await withoutRegistry();
    await failure();
    expect(readdirSync(parent)).toEqual([`.installing-${process.ppid}-abc`]);
  });

  it.skipIf(!existsSync(tensorflowFolder()))("that is there and works is left as it is", async () => {
    await withoutRegistry();
    const said: string[] = [];
    const installation = await installTensorflow({
      folder: tensorflowFolder(),
      ways: ["npm", "wheel"],
      pythons: [],
      say: (line) => said.push(line),
      signal: new AbortController().signal,
    });
    expect(installation).toEqual({ way: null, tensorflow: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(said).toEqual([expect.stringContaining("is there already")]);
  });
});
