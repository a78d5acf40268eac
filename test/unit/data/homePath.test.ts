/** ~ in paths of an experiment file. */
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { shellNotation } from "../../../src/core/images/shellNotation.ts";
import { experimentFacts } from "../../../src/node/facts/experimentFacts.ts";
import { expandHome, resolvePath } from "../../../src/node/homePath.ts";
import { openDataset } from "../../../src/trainer/data/dataset.ts";
import { dataConfig, plainPng, temporaryFolder, writeFiles } from "./testFolder.ts";

/** With another home folder, as the environment names it. */
async function withHome<T>(home: string, work: () => Promise<T>): Promise<T> {
  vi.stubEnv("HOME", home);
  vi.stubEnv("USERPROFILE", home);
  try {
    return await work();
  } finally {
    vi.unstubAllEnvs();
  }
}

describe("a path of an experiment file", () => {
  it("may begin with the user's folder", () => {
    expect(expandHome("~")).toBe(homedir());
    expect(expandHome("~/a/b")).toBe(join(homedir(), "a", "b"));
    expect(resolvePath("/project", "~/a")).toBe(join(homedir(), "a"));
    for (const path of ["a/~/b", "./~/b", "~ana/b", "a~", "$HOME/a"]) {
      expect(expandHome(path)).toBe(path);
      expect(resolvePath("/project", path)).toBe(resolve("/project", path));
    }
  });

  it("is found so by training and by lint", async () => {
    const home = temporaryFolder();
    const base = temporaryFolder();
    writeFiles(home, { "pictures/a.png": await plainPng("#000000") });
    await withHome(home, async () => {
      const dataset = await openDataset(dataConfig({ path: "~/pictures" }), base);
      expect(dataset.count).toBe(1);
      dataset.close();
      const facts = await experimentFacts(join(base, "e.maskdm.yaml"), "data:\n  path: ~/pictures\n", "runs");
      expect(facts.dataset).toMatchObject({ exists: true, images: 1 });
    });
  });

  it("that a shell would read otherwise is told how to be written, where there is no such folder", async () => {
    const base = temporaryFolder();
    for (const path of ["~ana/pictures", "$HOME/pictures", "$DATA/x", "%USERPROFILE%/x"]) {
      const hint = shellNotation(path);
      expect(hint).toMatch(/write out/);
      await expect(openDataset(dataConfig({ path }), base)).rejects.toThrow(hint!);
    }
    expect(["pictures", "~/pictures", "50% off", "a$"].map(shellNotation)).toEqual([null, null, null, null]);
    // What is really called so is taken as it is.
    mkdirSync(join(base, "$HOME"));
    writeFiles(base, { "$HOME/a.png": await plainPng("#000000") });
    (await openDataset(dataConfig({ path: "$HOME" }), base)).close();
  });
});
