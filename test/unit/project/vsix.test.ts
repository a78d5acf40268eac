import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import JSZip from "jszip";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { findCompiler } from "../../../scripts/native/compiler.ts";
import { runtimeModules } from "../../../scripts/package/modules.ts";
import { LIMIT_BYTES, packageTarget } from "../../../scripts/package/packageTarget.ts";
import { buildPrograms } from "../../../scripts/package/stage.ts";
import { ownTarget, TARGETS } from "../../../scripts/package/targets.ts";
import { runCommand } from "../../../scripts/vscode/command.ts";
import { fixtureWorkspace, type TemporaryFolder, temporaryFolder } from "../../../scripts/vscode/fixtureWorkspace.ts";

const target = ownTarget();
const search = target && findCompiler(target);
const compiler = search?.found ? search.compiler : null;
const engines = compiler ? ["native", "onnx"] : ["onnx"];
const NATIVE = /\.(node|so(\.\d+)*|dylib|dll|exe)$/;

describe.skipIf(target === undefined)("the package for this platform", () => {
  let folder: TemporaryFolder;
  let workspace: TemporaryFolder;
  let size: number;
  let files: readonly string[];
  const extension = (): string => join(folder.path, "extension");
  const manifest = (): unknown => JSON.parse(readFileSync(join(extension(), "package.json"), "utf8"));

  beforeAll(async () => {
    [folder, workspace] = await Promise.all([temporaryFolder("maskdm-vsix-"), fixtureWorkspace()]);
    const programs = join(folder.path, "build/dist");
    await buildPrograms(programs);
    const vsix = await packageTarget(target!, programs, compiler, folder.path);
    size = statSync(vsix).size;
    files = await extract(vsix, folder.path);
  });
  afterAll(async () => {
    await Promise.all([folder.remove(), workspace.remove()]);
  });

  it("is small enough to download", () => {
    expect(size).toBeLessThan(LIMIT_BYTES);
  });

  it("has the programs, the texts and every file that package.json names", () => {
    const text = readFileSync(join(extension(), "package.json"), "utf8");
    const named = [...text.matchAll(/"(?:\.\/|(?=media\/))([^"*]+)"/g)].map((match) => match[1]!);
    const programs = ["extension.cjs", "maskdm.js", "engineWorker.js"].map((name) => `dist/${name}`);
    const texts = ["readme.md", "changelog.md", "LICENSE.txt", "docs/experiment-file.md"];
    const space = ["efficientnet-lite0.onnx", "LICENSE.txt", "NOTICE.txt"].map((name) => `media/spaces/${name}`);
    const wanted = [...named, ...programs, ...texts, ...space, "examples/emoji/emoji.maskdm.yaml"];
    expect(named.length).toBeGreaterThan(3);
    expect(wanted.filter((name) => !existsSync(join(extension(), name)))).toEqual([]);
  });

  it("has the PyTorch engine as it is in the repository", () => {
    const inRepository = execFileSync("git", ["ls-files", "src/torch"], { encoding: "utf8" }).trim().split("\n");
    const inPackage = files.flatMap((path) => (path.startsWith("extension/src/") ? [path.slice(10)] : []));
    expect(inPackage.sort()).toEqual(inRepository.sort());
    expect(inPackage).toContain("src/torch/maskdm_torch/about.py");
  });

  it("brings the licences of the packages whose code is in its programs", () => {
    const notices = readFileSync(join(extension(), "dist/ThirdPartyNotices.txt"), "utf8");
    const packages = [
      "chart.js",
      "zod",
      "yaml",
      "commander",
      "@vscode/webview-ui-toolkit",
      "@modelcontextprotocol/sdk",
    ];
    for (const name of packages) {
      expect(notices).toMatch(new RegExp(`^${name} \\d`, "m"));
    }
    expect(notices).toContain("Permission is hereby granted");
  });

  it("has no sources, tests, maps, caches or settings of the repository", () => {
    const inside = files.filter((path) => path.startsWith("extension/"));
    expect(inside.length).toBeGreaterThan(100);
    const unwanted =
      /\.(map|ts|mts|cts|tsbuildinfo|vsix|pyc)$|^extension\/(src\/(?!torch\/)|(test|scripts|webview|out|runs|node_modules)\/)|\/\./;
    expect(inside.filter((path) => unwanted.test(path))).toEqual([]);
    expect(inside.filter((path) => path.split("/").length === 2).sort()).toEqual(
      ["LICENSE.txt", "changelog.md", "package.json", "readme.md"].map((name) => `extension/${name}`),
    );
  });

  it("has texts whose links and pictures lead out of the package, to files that the repository has", () => {
    const { repository } = z.object({ repository: z.object({ url: z.url() }) }).parse(manifest());
    const home = `${repository.url.replace(/\.git$/, "")}/`;
    for (const [text, least] of [
      ["readme.md", 30],
      ["changelog.md", 10],
    ] as const) {
      const links = [...readFileSync(join(extension(), text), "utf8").matchAll(/(!?)\]\(([^)\s]+)\)/g)];
      expect(links.length).toBeGreaterThan(least);
      for (const [, , link] of links) expect(link).toMatch(/^https:\/\//);
      const own = links.flatMap(([, , link]) => (link!.startsWith(home) ? [link!.slice(home.length)] : []));
      const paths = own.map((link) => link.replace(/^(blob|raw)\/HEAD\//, "").replace(/#.*$/, ""));
      expect(paths.filter((path) => path !== "" && !existsSync(path))).toEqual([]);
    }
  });

  it("has pictures in its description that the Marketplace takes", () => {
    const readme = readFileSync(join(extension(), "readme.md"), "utf8");
    const pictures = [...readme.matchAll(/!\[[^\]]+\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
    expect(pictures.length).toBeGreaterThan(4);
    expect(pictures.filter((link) => !link.endsWith(".png"))).toEqual([]);
  });

  it("has this platform's native parts and no other's", () => {
    const { platform, arch } = target!;
    const native = files.filter((path) => NATIVE.test(path));
    const own = [
      new RegExp(`/onnxruntime-node/bin/napi-v6/${platform}/${arch}/`),
      new RegExp(`/@img/sharp-(libvips-)?${platform}-${arch}/lib/`),
      ...(compiler ? [new RegExp(`/dist/native/maskdm-${platform}-${arch}\\.node$`)] : []),
    ];
    expect(native.filter((path) => !own.some((place) => place.test(path)))).toEqual([]);
    for (const place of own) expect(native.some((path) => place.test(path))).toBe(true);
  });

  it("says nothing of building in its package.json", () => {
    expect(manifest()).toMatchObject({ main: "./dist/extension.cjs", type: "module" });
    for (const field of ["scripts", "devDependencies", "dependencies"]) expect(manifest()).not.toHaveProperty(field);
  });

  it("computes with all of its engines and reads images, from its own folder alone", async () => {
    const report = reportSchema.parse(JSON.parse(await maskdm("doctor", "--json")));
    const works = report.backends.filter((backend) => backend.works).map((backend) => backend.name);
    expect(works).toEqual(expect.arrayContaining([...engines, "tfjs-wasm"]));
    expect(report.ok).toBe(true);
  });

  it.each([...engines, "tfjs"])("trains a few steps with %s", async (backend) => {
    const overrides = ["--set", `engine.backend=${backend}`, "--set", "pretrain.sample_every=0"];
    const run = (await maskdm("pretrain", "tiny.maskdm.yaml", "--steps", "3", "--run", backend, ...overrides)).trim();
    const status: unknown = JSON.parse(readFileSync(join(workspace.path, run, "status.json"), "utf8"));
    expect(status).toMatchObject({ state: "finished", step: 3 });
  });

  const maskdm = (...args: string[]): Promise<string> => {
    const { NODE_PATH: _, ...env } = process.env;
    return runCommand(process.execPath, [join(extension(), "dist/maskdm.js"), ...args], { cwd: workspace.path, env });
  };
});

it.skipIf(target === undefined)("no package goes without the native backend unless that is wanted", () => {
  const args = ["scripts/ts.mjs", "scripts/package/main.ts", "--target", target!.name];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    env: { ...process.env, CC: "no-such-compiler" },
    encoding: "utf8",
  });
  expect(status, stderr).toBe(1);
  expect(stderr).toContain(`${target!.name} is not packaged: there is no C compiler`);
  expect(stderr).toContain("--without-native");
  expect(stdout).toBe("");
});

it("every platform has an engine and the image library, and all but Intel Macs ONNX Runtime", () => {
  const names = Object.fromEntries(TARGETS.map((t) => [t.name, runtimeModules(t).map((module) => module.name)]));
  for (const [platform, modules] of Object.entries(names)) {
    expect(modules).toEqual(
      expect.arrayContaining(["@tensorflow/tfjs-backend-wasm", "sharp", `@img/sharp-${platform}`]),
    );
  }
  const without = Object.keys(names).filter((name) => !names[name]!.includes("onnxruntime-node"));
  expect(without).toEqual(["darwin-x64"]);
});

const reportSchema = z.object({
  ok: z.boolean(),
  backends: z.array(z.object({ name: z.string(), works: z.boolean() })),
});

/** @returns the paths inside */
async function extract(vsix: string, folder: string): Promise<string[]> {
  const zip = await JSZip.loadAsync(readFileSync(vsix));
  const files = Object.values(zip.files).filter((file) => !file.dir);
  for (const file of files) {
    const path = join(folder, file.name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, await file.async("nodebuffer"));
  }
  return files.map((file) => file.name);
}
