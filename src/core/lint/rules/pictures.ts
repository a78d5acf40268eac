/** Sample grids that do not fit into a picture. */

import { count, plural } from "../../numbers.ts";
import { gridPages, LARGEST_PICTURE_PIXELS } from "../../run/gridPages.ts";
import type { Rule } from "../rule.ts";

const samplePages: Rule = {
  code: "MDM704",
  name: "sample-pages",
  severity: "info",
  explanation: `A grid of \`sample.count\` images of \`data.image_size\` has more pixels than image libraries take (${count(LARGEST_PICTURE_PIXELS)}): it is written as several pages. \`maskdm sample --images\` writes single images.`,
  fix: "Writes the largest count that makes one page.",
  *check({ experiment: { sample, data } }) {
    const { pages, imagesPerPage } = gridPages({ count: sample.count, imageSize: data.image_size });
    if (pages === 1) return;
    yield {
      at: ["sample.count", "data.image_size"],
      message: `A grid of ${plural(sample.count, "image")} of ${data.image_size} px does not fit into one picture: it is written as ${pages} pages. ${imagesPerPage} images make one.`,
      fix: { title: `Use count ${imagesPerPage}`, set: { "sample.count": String(imagesPerPage) } },
    };
  },
};

export const PICTURE_RULES: readonly Rule[] = [samplePages];
