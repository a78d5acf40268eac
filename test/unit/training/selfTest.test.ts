/** Before engine.backend: auto takes the native backend it is tested, in a process of its own, once. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { requireNative } from "../native/requireNative.ts";
import { QUICK, recordOf, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();

beforeAll(async () => {
  // Where the systems' own variables do not lead, the test below finds nothing.
  for (const name of ["XDG_DATA_HOME", "LOCALAPPDATA"]) process.env[name] = shop.path("user");
  await writeImages(shop.path("images"), { count: 4, size: 8 });
  shop.experiment("tiny", tinyExperiment({ pretrain: { ...QUICK, steps: 1 } }));
});

describe.skipIf(!requireNative() || process.platform === "darwin")("a run whose backend is auto", () => {
  it("tests the kernels before the first start on a machine, and remembers it", async () => {
    const folder = shop.path("user", "maskdm-studio", "self-tests");
    const passed = (): string[] => readdirSync(folder).map((name) => `${name} ${statSync(join(folder, name)).mtimeMs}`);
    await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "first");
    expect(recordOf(shop.run("first")).backend).toBe("native");
    const first = passed();
    expect(first).toHaveLength(1);
    await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "second");
    expect(recordOf(shop.run("second")).backend).toBe("native");
    expect(passed()).toEqual(first);
  });
});
