import { build } from "esbuild";
import { expect, it } from "vitest";

/** What costs the editor time or memory for nothing when no experiment is open. */
const HEAVY = /node_modules\/(zod|yaml|sharp|commander|onnxruntime-[a-z]+|@tensorflow\/|@img\/)/;

/** What the extension's file evaluates as it is loaded: all that is reached without a dynamic import. */
it("activation evaluates no heavy module", async () => {
  const { metafile } = await build({
    entryPoints: ["src/extension/extension.ts"],
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["vscode"],
    outdir: "out/activation",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const reachedFrom = new Map<string, string | null>([["src/extension/extension.ts", null]]);
  // A map's iteration goes on with what is added during it.
  for (const [path] of reachedFrom) {
    for (const imported of metafile.inputs[path]?.imports ?? []) {
      if (imported.kind === "dynamic-import" || imported.external || reachedFrom.has(imported.path)) continue;
      reachedFrom.set(imported.path, path);
    }
  }
  expect(reachedFrom.size).toBeGreaterThan(5);
  const heavy = [...reachedFrom].filter(([path, from]) => HEAVY.test(path) && !HEAVY.test(from ?? ""));
  expect(heavy.map(([path, from]) => `${path} from ${from}`)).toEqual([]);
});
