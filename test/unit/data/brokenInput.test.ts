/** Every broken image and folder of test/fixtures/images/expected.json, and what is said about it. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync } from "node:fs";
import { join, sep } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import type { DataConfig } from "../../../src/core/experiment/schema.ts";
import { openDataset } from "../../../src/trainer/data/dataset.ts";
import { asOrdinaryUser, dataConfig, FIXTURES, plainPng, temporaryFolder, writeFiles } from "./testFolder.ts";

const EXPECTED = JSON.parse(readFileSync(join(FIXTURES, "expected.json"), "utf8")) as {
  broken: Record<string, string>;
  folders: Record<string, string>;
};

describe("broken images", () => {
  const reasons = new Map<string, string>();
  beforeAll(async () => {
    const lines: string[] = [];
    const base = writeFiles(temporaryFolder(), { "images/good.png": await plainPng("#102030") });
    const files = readdirSync(join(FIXTURES, "broken"));
    for (const name of files) writeFiles(base, { [`images/${name}`]: readFileSync(join(FIXTURES, "broken", name)) });
    const log = (line: string): void => void lines.push(line);
    const dataset = await openDataset(dataConfig({ max_broken: 1 }), base, { log });
    for (const { path, reason } of dataset.broken) reasons.set(path, reason);
    expect(dataset.count).toBe(1);
    expect(dataset.images).toEqual([{ path: "good.png", className: null, label: 0 }]);
    expect(dataset.broken.map(({ path }) => path)).toEqual(files.sort());
    expect(lines.join("\n")).toContain(
      `left out ${files.length} of ${files.length + 1} images:\n  archive.webp: a ZIP or other`,
    );
    expect(lines.join("\n")).toContain(`… and ${files.length - 20} more`);
    dataset.close();
  });

  it("has an expected message for each", () => {
    expect(Object.keys(EXPECTED.broken).sort()).toEqual([...reasons.keys()].sort());
    expect(reasons.size).toBeGreaterThanOrEqual(15);
  });

  it.each(Object.entries(EXPECTED.broken))("%s: %s", (name, expected) => {
    const reason = reasons.get(name) ?? "";
    // What libvips says in brackets may change with its version.
    if (expected.endsWith("(")) expect(reason.startsWith(expected) && reason.endsWith(")")).toBe(true);
    else expect(reason).toBe(expected);
    expect(reason).not.toContain("\n");
  });
});

/** Makes each folder of the table; returns what of the settings it needs. */
const FOLDERS: Record<string, (base: string) => Promise<Partial<DataConfig>> | Partial<DataConfig>> = {
  missing: () => ({}),
  "missing, absolute path": (base) => ({ path: join(base, "elsewhere") }),
  "a file": (base) => {
    writeFiles(base, { images: "x" });
    return {};
  },
  "below a file": (base) => {
    writeFiles(base, { images: "x" });
    return { path: "images/faces" };
  },
  empty: (base) => {
    mkdirSync(join(base, "images"));
    return {};
  },
  "hidden files only": async (base) => {
    writeFiles(base, { "images/.a.png": await plainPng("#000000"), "images/.git/b.png": await plainPng("#000000") });
    return {};
  },
  "other files only": (base) => {
    writeFiles(base, { "images/README": "x", "images/list.csv": "x", "images/below/notes.txt": "x" });
    return {};
  },
  "unreadable folder": async (base) => {
    chmodSync(join(writeFiles(base, { "images/a.png": await plainPng("#000000") }), "images"), 0);
    return {};
  },
  "unreadable folder below": async (base) => {
    const image = await plainPng("#000000");
    chmodSync(join(writeFiles(base, { "images/a.png": image, "images/secret/b.png": image }), "images/secret"), 0);
    return {};
  },
  "too many broken": async (base) => {
    const image = await plainPng("#000000");
    for (let i = 0; i < 8; i++) writeFiles(base, { [`images/broken-${i}.png`]: "", [`images/good-${i}.png`]: image });
    return {};
  },
  "all broken, allowed": (base) => {
    writeFiles(base, { "images/only.png": "" });
    return { max_broken: 1 };
  },
  "unreadable image": async (base) => {
    chmodSync(join(writeFiles(base, { "images/a.png": await plainPng("#000000") }), "images/a.png"), 0);
    return {};
  },
  "link to nowhere": async (base) => {
    symlinkSync("missing.png", join(writeFiles(base, { "images/a.png": await plainPng("#000000") }), "images/b.png"));
    return {};
  },
  "unlabelled image": async (base) => {
    const image = await plainPng("#000000");
    writeFiles(base, { "images/a.png": image, "images/cats/b.png": image });
    return { labels: "folders" };
  },
  "unlabelled images": async (base) => {
    const image = await plainPng("#000000");
    writeFiles(base, { "images/b.png": image, "images/a.png": image });
    return { labels: "folders" };
  },
  "cache folder is a file": async (base) => {
    writeFiles(base, { "images/a.png": await plainPng("#000000"), ".maskdm": "x" });
    return {};
  },
};
/** Windows has other rights, and links only for some users. */
const POSIX_ONLY = new Set(["unreadable folder", "unreadable folder below", "unreadable image", "link to nowhere"]);

describe("unusable folders", () => {
  it("has an expected message for each", () => {
    expect(Object.keys(EXPECTED.folders).sort()).toEqual(Object.keys(FOLDERS).sort());
  });

  for (const [name, make] of Object.entries(FOLDERS)) {
    it.skipIf(POSIX_ONLY.has(name) && process.platform === "win32")(name, async () => {
      const base = realpathSync(temporaryFolder());
      const config = dataConfig(await make(base));
      const error = await asOrdinaryUser(base, () =>
        openDataset(config, base).then(
          () => null,
          (thrown: unknown) => thrown,
        ),
      );
      // So that an ordinary user can remove the folder afterwards.
      if (name === "unreadable folder") chmodSync(join(base, "images"), 0o755);
      if (name === "unreadable folder below") chmodSync(join(base, "images/secret"), 0o755);
      expect(error).toBeInstanceOf(UserError);
      const message = (error as UserError).message.replaceAll(base, "{base}").replaceAll(sep, "/");
      expect(message).toBe(EXPECTED.folders[name]);
      expect((error as UserError).kind).toBe(name === "cache folder is a file" ? "failure" : "input");
    });
  }
});
