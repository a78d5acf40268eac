import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../vscode/paths.ts";
import type { Target } from "./targets.ts";

/** A package that the trainer loads at run time, and the part of it that is loaded. */
export interface RuntimeModule {
  readonly name: string;
  /** Whether a file is taken; the path is relative to the package, with slashes. package.json and licences always are. */
  readonly takes: (path: string) => boolean;
  /** native, for one platform: it may not be installed here */
  readonly foreign?: boolean;
}

const CODE = /\.(js|cjs|mjs|json)$/;

/**
 * What dist/maskdm.js does not bundle. Each package ships several forms of itself (for browsers, minified, as sources) with maps and
 * types; one form is taken, the one that Node resolves.
 */
export function runtimeModules(target: Target): RuntimeModule[] {
  return [
    ...onnxRuntime(target),
    // What of tfjs-core's dependencies is never reached: node-fetch (Node has its own fetch), long (bundled already), types.
    { name: "@tensorflow/tfjs-core", takes: (path) => path === "dist/tf-core.node.js" },
    { name: "seedrandom", takes: (path) => /^(index|seedrandom)\.js$|^lib\/[a-z0-9]+\.js$/.test(path) },
    // backend-cpu, a dependency, is inside its bundle.
    {
      name: "@tensorflow/tfjs-backend-wasm",
      takes: (path) => /^dist\/(tf-backend-wasm\.node\.js|[^/]+\.wasm)$/.test(path),
    },
    { name: "sharp", takes: (path) => /^dist\/.*\.[cm]js$/.test(path) },
    { name: "@img/colour", takes: (path) => CODE.test(path) },
    { name: "detect-libc", takes: (path) => CODE.test(path) },
    { name: "semver", takes: (path) => CODE.test(path) && !path.startsWith("bin/") },
    ...imageLibrary(target),
  ];
}

function onnxRuntime({ platform, arch }: Target): RuntimeModule[] {
  const binaries = `bin/napi-v6/${platform}/${arch}/`;
  // ONNX Runtime has no binary for Intel Macs; there the trainer has the native backend and tfjs's WebAssembly one.
  if (!existsSync(join(ROOT, "node_modules/onnxruntime-node", binaries))) return [];
  return [
    {
      name: "onnxruntime-node",
      takes: (path) =>
        /^dist\/[^/]+\.js$/.test(path) ||
        (path.startsWith(binaries) &&
          // macOS's library is there twice; the binding asks for the short name.
          !/\.\d+\.\d+\.\d+\.dylib$/.test(path)),
    },
    { name: "onnxruntime-common", takes: (path) => /^dist\/cjs\/.*\.(js|json)$/.test(path) },
  ];
}

function imageLibrary({ platform, arch }: Target): RuntimeModule[] {
  const takes = (path: string): boolean =>
    /^(index\.cjs|lib\/.*\.(node|dll|so[.\d]*|dylib)|lib\/index\.js|versions\.json|README\.md|THIRD-PARTY-NOTICES\.md)$/.test(
      path,
    );
  const binding = { name: `@img/sharp-${platform}-${arch}`, takes, foreign: true };
  // Windows' binding has libvips beside it.
  if (platform === "win32") return [binding];
  return [binding, { name: `@img/sharp-libvips-${platform}-${arch}`, takes, foreign: true }];
}

const LICENCE = /^(licen[cs]e|notice|third.?party)[^/]*$/i;

/** Whether a file of a package goes into the extension. */
export function isTaken(module: RuntimeModule, path: string): boolean {
  return path === "package.json" || LICENCE.test(path) || module.takes(path);
}
