/** Samples beside the training images nearest to them, the most suspicious first. */

import { count, plural, short } from "../../src/core/numbers.ts";
import type { ShownNeighbours } from "../../src/core/protocol/dashboard.ts";
import type { Evaluation } from "../../src/core/run/evaluations.ts";
import { element } from "../ui/element.ts";

/** Images that are no copies for certain. */
const UNSEEN = {
  "held-out images": "held-out images",
  "training images": "training images that were set aside for it",
} as const;
/** About the side of an image on the screen. */
const SIDE = 80;

/** What there is to see of an evaluation. @param neighbours null: the pictures were removed */
export function neighboursView(
  label: string,
  { copying, samples, drawn }: Evaluation,
  neighbours: ShownNeighbours | null,
): Node[] {
  const title = element("h2", { id: "neighbours-title" }, `Nearest training images of ${label}`);
  if (neighbours === null) {
    const text = `The pictures of this evaluation are not there any more (evaluations/${drawn}). Evaluate the run again to make them anew.`;
    return [title, element("p", { class: "hint-text" }, text)];
  }
  const { pairs, usual, trainingImages } = neighbours;
  const text =
    `The ${plural(pairs.length, "sample")} of ${count(samples)} most like one of ${plural(trainingImages, "training image")}, each with that image on its right. ` +
    `The number is the distance to it in proportion to the mean distance to the ${usual} nearest: near 1 it is as far as others, near 0 a copy. ` +
    `Marked are those nearer than all but the nearest 5 % of ${UNSEEN[copying.unseen]} (${copying.space}).`;
  const figures = pairs.map((pair, place) => figure(pair, place, neighbours));
  const list = element("div", { class: "pairs", role: "list", tabindex: "0", "aria-labelledby": "neighbours-title" });
  list.append(...figures);
  return [title, element("p", { class: "hint-text" }, text), list];
}

function figure(pair: ShownNeighbours["pairs"][number], place: number, neighbours: ShownNeighbours): HTMLElement {
  const { sample, image, distance, ratio, near } = pair;
  const said = `Sample ${sample}, nearest training image ${image}: distance ${short(distance)}, ${ratio.toFixed(2)} of the usual one`;
  const caption = element("figcaption", {}, element("b", {}, ratio.toFixed(2)), ` sample ${sample}`);
  if (near) caption.append(element("span", { class: "near" }, "near"));
  const drawn = element(
    "figure",
    { role: "listitem", title: said, class: near ? "pair near-pair" : "pair" },
    cutOut(neighbours, 2 * place, `Sample ${sample}`),
    cutOut(neighbours, 2 * place + 1, `Training image ${image}`),
    caption,
  );
  return drawn;
}

/** One image of the picture. @param index counted row by row */
function cutOut({ picture, uri }: ShownNeighbours, index: number, label: string): HTMLElement {
  const { imageSize, scale, separator, columns } = picture;
  const side = imageSize * scale;
  const factor = side > SIDE ? SIDE / side : Math.floor(SIDE / side);
  const at = (position: number): string => `${-factor * (separator + position * (side + separator))}px`;
  const cut = element("div", { class: "cut-out", role: "img", "aria-label": label });
  Object.assign(cut.style, {
    width: `${factor * side}px`,
    height: `${factor * side}px`,
    backgroundImage: `url(${JSON.stringify(uri)})`,
    backgroundSize: `${factor * (separator + columns * (side + separator))}px auto`,
    backgroundPosition: `${at(index % columns)} ${at(Math.floor(index / columns))}`,
  });
  return cut;
}
