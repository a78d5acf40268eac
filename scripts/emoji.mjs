// Makes the example data set, examples/emoji/images, from the Noto emoji of the npm package emoji-datasource-google.
//
//   node scripts/emoji.mjs                                  the selection that ships with the repository, 32 px
//   node scripts/emoji.mjs --out DIR --size 64              the same selection, elsewhere and at another size
//   node scripts/emoji.mjs --all --size 64 --out DIR        all 3,786 emoji with skin tones and flags, for benchmarks
//   … --package DIR                                         takes an unpacked package instead of fetching it
//
// The package (82 MB unpacked) is fetched with `npm pack` into a temporary folder, checked against its published hash and
// removed at the end; it is no dependency of this project.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sharp from "sharp";

const PACKAGE = "emoji-datasource-google@16.0.0";
const TARBALL_SHA512 = "ZRexfzs7MVoLnmzZmNsO4TKhnAJp5D++Vm6PpUpH/jEQQlemp3l88CjZ+DoZ2faM9R4QxZkOPJCoT8DlPhfQ3A==";

/** Folder (= class) of the selection, and the sub-categories of the package it is filled from. */
const SELECTION = {
  smileys: [
    "face-smiling",
    "face-affection",
    "face-tongue",
    "face-hand",
    "face-neutral-skeptical",
    "face-sleepy",
    "face-unwell",
    "face-hat",
    "face-glasses",
    "face-concerned",
    "face-negative",
    "face-costume",
    "cat-face",
    "monkey-face",
    "heart",
  ],
  people: ["person", "person-role", "person-gesture", "person-fantasy"],
  animals: [
    "animal-mammal",
    "animal-bird",
    "animal-amphibian",
    "animal-reptile",
    "animal-marine",
    "animal-bug",
    "plant-flower",
    "plant-other",
  ],
  food: ["food-fruit", "food-vegetable", "food-prepared", "food-asian", "food-sweet", "drink", "dishware"],
  travel: [
    "transport-ground",
    "transport-water",
    "transport-air",
    "sky & weather",
    "place-building",
    "place-geographic",
    "place-religious",
    "hotel",
  ],
  activities: ["sport", "game", "event", "award-medal", "arts & crafts"],
  objects: [
    "clothing",
    "musical-instrument",
    "music",
    "sound",
    "phone",
    "light & video",
    "book-paper",
    "lock",
    "tool",
    "science",
    "medical",
    "household",
    "other-object",
  ],
};

/** Left out of the selection: signs made of text or lines, and near copies of another emoji. */
const SKIPPED = new Set([
  "admission_tickets",
  "bookmark_tabs",
  "busstop",
  "construction",
  "elevator",
  "flower_playing_cards",
  "identification_card",
  "level_slider",
  "mag_right",
  "motorway",
  "musical_score",
  "mute",
  "newspaper",
  "no_bell",
  "page_facing_up",
  "performing_arts",
  "placard",
  "railway_track",
  "smoking",
  "snowman_without_snow",
  "sound",
  "speaker",
  "umbrella_on_ground",
]);

const TONES = {
  "1F3FB": "light",
  "1F3FC": "medium-light",
  "1F3FD": "medium",
  "1F3FE": "medium-dark",
  "1F3FF": "dark",
};

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    size: { type: "string", default: "32" },
    out: { type: "string" },
    package: { type: "string" },
  },
});
const size = Number(values.size);
if (!Number.isInteger(size) || size < 1 || size > 64)
  throw new Error("--size takes 1 to 64 pixels (the source has 64)");
if (values.all && !values.out) throw new Error("--all needs --out DIR: only the selection belongs in the repository");
const out = values.out ?? join(root, "examples", "emoji", "images");

const temporary = mkdtempSync(join(tmpdir(), "maskdm-emoji-"));
try {
  const source = values.package ?? fetchPackage(temporary);
  const emoji = JSON.parse(readFileSync(join(source, "emoji.json"), "utf8"));
  const list = values.all ? everything(emoji) : selection(emoji);
  rmSync(out, { recursive: true, force: true });
  const { written, bytes } = await writeAll(source, list);
  console.log(`${written} images of ${size} px, ${(bytes / 1e6).toFixed(2)} MB, in ${out}`);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

/** Fetches and unpacks the package; returns its folder. */
function fetchPackage(folder) {
  console.log(`fetching ${PACKAGE} …`);
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const options = { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] };
  const packed = execFileSync(npm, ["pack", PACKAGE, "--json", "--loglevel=error"], {
    ...options,
    shell: process.platform === "win32",
  });
  const tarball = JSON.parse(packed)[0].filename;
  const hash = createHash("sha512")
    .update(readFileSync(join(folder, tarball)))
    .digest("base64");
  if (hash !== TARBALL_SHA512) throw new Error(`${PACKAGE}: the fetched package is not the published one`);
  execFileSync("tar", ["-xzf", tarball], options);
  return join(folder, "package");
}

/** The emoji that ship with the repository: [{ folder, names, image }], where the first free name is taken. */
function selection(emoji) {
  const folders = new Map(Object.entries(SELECTION).flatMap(([folder, subs]) => subs.map((sub) => [sub, folder])));
  return emoji
    .filter((e) => e.has_img_google && folders.has(e.subcategory) && !SKIPPED.has(e.short_name))
    .map((e) => ({ folder: folders.get(e.subcategory), names: [e.name, e.short_name], image: e.image }));
}

/** Every image of the package, skin tones included: [{ folder, names, image }]. */
function everything(emoji) {
  return emoji.flatMap((e) => {
    const folder = slug(e.category);
    const names = [e.name, e.short_name];
    const tones = Object.entries(e.skin_variations ?? {})
      .filter(([, variation]) => variation.has_img_google)
      .map(([key, variation]) => {
        const tone = key
          .split("-")
          .map((code) => TONES[code])
          .join("-and-");
        return { folder, names: names.map((name) => `${name} ${tone}`), image: variation.image };
      });
    return e.has_img_google ? [{ folder, names, image: e.image }, ...tones] : tones;
  });
}

function slug(name) {
  return name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/['’]|\p{M}/gu, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

/** Writes the images in order; of the selection, none whose pixels were written before. */
async function writeAll(source, list) {
  const files = new Set();
  const seen = new Set();
  let bytes = 0;
  for (const { folder, names, image } of list) {
    const { data, info } = await sharp(join(source, "img", "google", "64", image))
      .resize(size, size, { kernel: "lanczos3" })
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    // The colour of an invisible pixel only costs bytes.
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 0) data.fill(0, i, i + 3);
    const hash = createHash("sha256").update(data).digest("hex");
    if (!values.all && seen.has(hash)) continue;
    seen.add(hash);
    const file = names.map((name) => `${folder}/${slug(name)}.png`).find((candidate) => !files.has(candidate));
    if (file === undefined) throw new Error(`no free name for ${image} (${names.join(", ")})`);
    files.add(file);
    const png = await sharp(data, { raw: info }).png({ compressionLevel: 9 }).toBuffer();
    const path = join(out, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, png);
    bytes += png.length;
  }
  return { written: files.size, bytes };
}
