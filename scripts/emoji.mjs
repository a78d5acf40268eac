// Makes the example data set, examples/emoji/images, from the Noto emoji of the npm package emoji-datasource-google.
//
//   node scripts/emoji.mjs                                  the selection that ships with the repository, 32 px
//   node scripts/emoji.mjs --out DIR --size 64              the same selection, elsewhere and at another size
//   node scripts/emoji.mjs --out DIR --artist twitter       the same emoji by another artist
//   … --every 5                                             every fifth of them
//   node scripts/emoji.mjs --all --size 64 --out DIR        all 3,786 emoji with skin tones and flags, for benchmarks
//
// The packages, whose images have 64 px, are development dependencies: `npm ci` has fetched and checked them.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sharp from "sharp";

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
    artist: { type: "string", default: "google" },
    every: { type: "string", default: "1" },
  },
});
const { artist } = values;
const [size, every] = [Number(values.size), Number(values.every)];
if (artist !== "google" && artist !== "twitter") throw new Error("--artist takes google or twitter");
if (!Number.isInteger(size) || size < 1 || size > 64)
  throw new Error("--size takes 1 to 64 pixels (the source has 64)");
if (!Number.isInteger(every) || every < 1) throw new Error("--every takes a whole number from 1 on");
const isShipped = !values.all && artist === "google" && every === 1;
if (!isShipped && !values.out) throw new Error("this needs --out DIR: only the selection belongs in the repository");
const out = values.out ?? join(root, "examples", "emoji", "images");
const source = join(root, "node_modules", `emoji-datasource-${artist}`);

const emoji = JSON.parse(readFileSync(join(source, "emoji.json"), "utf8"));
const list = values.all ? everything(emoji) : selection(emoji);
rmSync(out, { recursive: true, force: true });
const { written, bytes } = await writeAll(list.filter((_, i) => i % every === 0));
console.log(`${written} images of ${size} px, ${(bytes / 1e6).toFixed(2)} MB, in ${out}`);

/** Whether the artist has drawn it. */
function isDrawn(e) {
  return e[`has_img_${artist}`];
}

/** The emoji that ship with the repository: [{ folder, names, image }], where the first free name is taken. */
function selection(emoji) {
  const folders = new Map(Object.entries(SELECTION).flatMap(([folder, subs]) => subs.map((sub) => [sub, folder])));
  return emoji
    .filter((e) => isDrawn(e) && folders.has(e.subcategory) && !SKIPPED.has(e.short_name))
    .map((e) => ({ folder: folders.get(e.subcategory), names: [e.name, e.short_name], image: e.image }));
}

/** Every image of the package, skin tones included: [{ folder, names, image }]. */
function everything(emoji) {
  return emoji.flatMap((e) => {
    const folder = slug(e.category);
    const names = [e.name, e.short_name];
    const tones = Object.entries(e.skin_variations ?? {})
      .filter(([, variation]) => isDrawn(variation))
      .map(([key, variation]) => {
        const tone = key
          .split("-")
          .map((code) => TONES[code])
          .join("-and-");
        return { folder, names: names.map((name) => `${name} ${tone}`), image: variation.image };
      });
    return isDrawn(e) ? [{ folder, names, image: e.image }, ...tones] : tones;
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
async function writeAll(list) {
  const files = new Set();
  const seen = new Set();
  let bytes = 0;
  for (const { folder, names, image } of list) {
    const { data, info } = await sharp(join(source, "img", artist, "64", image))
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
