/** A folder of images and the same images in an archive: every command that takes data.path, and training to the last bit. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { filesBelow, parquetOf, tarOf, zipOf } from "../data/archiveFiles.ts";
import { differences, learning, newestCheckpoint, QUICK, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const STAGE = { ...QUICK, steps: 10 };

const experiment = (path: string) => {
  const { model, ...rest } = tinyExperiment({ pretrain: STAGE });
  const data = { path, image_size: 8, labels: "folders" as const, holdout: 0.2 };
  return { ...rest, data, model: { ...model, num_classes: 3 } };
};

beforeAll(async () => {
  await writeImages(shop.path("photos"), { count: 42, size: 8, classes: ["amber", "blue", "green"] });
  const files = filesBelow(shop.path("photos"));
  writeFileSync(shop.path("photos.zip"), zipOf(files));
  writeFileSync(shop.path("photos.tar"), tarOf(files));
  const rows = Object.keys(files).sort();
  const classes = ["amber", "blue", "green"];
  writeFileSync(
    shop.path("photos.parquet"),
    parquetOf(
      rows.map((path) => ({ bytes: files[path] as Uint8Array, label: classes.indexOf(path.split("/")[0]!) })),
      classes,
    ),
  );
  shop.experiment("folder", experiment("photos"));
  for (const kind of ["zip", "tar", "parquet"]) shop.experiment(kind, experiment(`photos.${kind}`));
  await Promise.all(
    ["folder", "zip", "parquet"].map((name) => shop.succeed("pretrain", `${name}.maskdm.yaml`, "--run", name)),
  );
});

describe("training", () => {
  it.each(["zip", "parquet"])("learns the same from a %s, bit for bit", (name) => {
    expect(differences(shop.run("folder"), shop.run(name))).toEqual([]);
    expect(learning(shop.run(name))).toEqual(learning(shop.run("folder")));
  });

  it("goes on after the folder was packed, and says so where the archive holds other images then", async () => {
    const images = (err: string): string =>
      err
        .split("\n")
        .filter((line) => /added|removed|changed/.test(line))
        .join("\n");
    await shop.succeed("pretrain", "folder.maskdm.yaml", "--run", "packed");
    const packed = await shop.succeed("resume", "packed", "--steps", "20", "--set", "data.path=photos.zip");
    expect(images(packed.err)).not.toMatch(/added|removed/);
    const whole = readFileSync(shop.path("photos.zip"));
    const { "amber/image-000.png": _, ...rest } = filesBelow(shop.path("photos"));
    writeFileSync(shop.path("other.zip"), zipOf(rest));
    renameSync(shop.path("other.zip"), shop.path("photos.zip"));
    const changed = await shop.succeed("resume", "packed", "--steps", "30");
    writeFileSync(shop.path("photos.zip"), whole);
    expect(changed.err).toMatch(/1 removed: "amber\/image-000\.png"/);
    expect(newestCheckpoint(shop.run("packed")).state.step).toBe(30);
  });
});

describe("other commands", () => {
  it("lint counts images and classes in an archive", async () => {
    for (const name of ["zip", "tar", "parquet"])
      expect((await shop.succeed("lint", `${name}.maskdm.yaml`)).err).not.toMatch(/error/);
    const set = ["--set", "model.num_classes=2"];
    const { err, out } = await shop.maskdm("pretrain", "zip.maskdm.yaml", ...set);
    expect(out + err).toMatch(/model\.num_classes is 2, but the images are of 3 classes/);
    shop.experiment("cut", experiment("cut.zip"));
    writeFileSync(shop.path("cut.zip"), readFileSync(shop.path("photos.zip")).subarray(0, 500));
    expect((await shop.maskdm("lint", "cut.maskdm.yaml")).out).toMatch(
      /MDM120 data\.path: the file "cut\.zip" cannot be used: /,
    );
  });

  it("preview shows the same batch", async () => {
    const [folder, tar] = await Promise.all(
      ["folder", "tar"].map(async (name) =>
        JSON.parse((await shop.succeed("preview", `${name}.maskdm.yaml`, "--json")).out),
      ),
    );
    expect(tar.images).toEqual(folder.images);
    expect(readFileSync(tar.png)).toEqual(readFileSync(folder.png));
  });

  it("new looks into an archive", async () => {
    const { out, err } = await shop.succeed("new", "made", "--data", "photos.zip");
    expect(err).toContain("Looked at 42 of 42 images.");
    expect(readFileSync(shop.path(out.trim()), "utf8")).toContain("path: ../photos.zip");
    const text = await shop.maskdm("new", "none", "--data", "folder.maskdm.yaml");
    expect(text.err).toMatch(/folder\.maskdm\.yaml cannot be used: it is neither a folder nor a \.zip/);
  });
});
