/** The section `mask`, and the pieces of a rate that changes. */
import * as z from "zod";
import { integer } from "./values.ts";

const maskStrategy = () => z.enum(["patch", "block", "stratified", "crop", "none"]);
const maskRate = () => z.number().min(0).lt(1);
const blockSize = () => integer(1, 256);
const cellSize = () => integer(1, 256);
const cropSize = () => integer(1, 1024).nullable();

const ratePiece = z.strictObject({
  until: z
    .union([integer(1, 1_000_000_000), z.number().gt(0).lt(1)])
    .optional()
    .meta({
      description:
        "Where the piece ends. A whole number is the first step that is no longer its; a number below 1 is a share of pretrain.steps, rounded to a step. Every piece but the last needs one.",
      unit: "steps, or share of pretrain.steps",
    }),
  rate: maskRate().meta({
    description: "Mask rate of the piece; 0 shows whole images.",
    unit: "share of the N tokens",
  }),
  strategy: maskStrategy()
    .optional()
    .meta({ description: "Strategy of the piece; that of the section where left out." }),
  block_size: blockSize().optional().meta({
    description: "Block size of the piece; that of the section where left out.",
    unit: "tokens",
  }),
  cell_size: cellSize().optional().meta({
    description: "Cell size of the piece; that of the section where left out.",
    unit: "tokens",
  }),
  crop_size: cropSize().optional().meta({
    description: "Window of the piece; that of the section where left out.",
    unit: "tokens",
  }),
});

export const mask = z
  .strictObject({
    strategy: maskStrategy().default("block").meta({
      description:
        "What pretraining hides. patch: single tokens; block: square blocks of tokens; stratified: equally many single tokens of every square cell, so that no region is hidden whole; crop: all but one square window; none: nothing.",
    }),
    rate: z
      .union([maskRate(), z.array(ratePiece).min(1).max(32)])
      .default(0.9)
      .meta({
        description:
          "Asked share m of hidden tokens. What the strategy can give on the grid is the effective rate; lint says where the two differ. A list has it change over pretraining, piece after piece.",
        unit: "share of the N tokens",
        equation: "m = 1 - S/N",
        cost: "A step works on the S = (1 - m)·N visible tokens only.",
      }),
    block_size: blockSize().default(4).meta({
      description: "Side b of a hidden block (strategy block); must divide the grid side g = image_size / patch_size.",
      unit: "tokens",
      equation: "hidden blocks = floor(floor(m·N) / b²)",
    }),
    cell_size: cellSize().default(2).meta({
      description:
        "Side n of a cell (strategy stratified); must divide the grid side g = image_size / patch_size. As many tokens of each stay visible, at least one: cells of 2 cannot hide more than 0.75.",
      unit: "tokens",
      equation: "visible tokens of a cell k = n² - floor(m·n²), at least 1",
    }),
    crop_size: cropSize().default(null).meta({
      description:
        "Side c of the visible window (strategy crop); null takes it from rate. When set, it decides and rate does not.",
      unit: "tokens",
      equation: "c = round(sqrt((1 - m)·N)), at least 1",
    }),
    mode: z.enum(["drop", "route", "fuse"]).default("drop").meta({
      description:
        "What becomes of hidden tokens. drop: they are absent, from the input to the loss; route: they skip the blocks in the middle and join again (TREAD), the loss is over all tokens; fuse: the middle goes without them, and a learned layer joins it with what the first blocks made of all tokens (SPRINT), the loss is over all tokens.",
      cost: "With route and fuse a step works on all N tokens in the blocks at both ends; fuse has 2·D² + 2·D further parameters.",
    }),
    route_from: integer(1, 31).default(2).meta({
      description:
        "Block, counted from 0 in the order of execution, from which on hidden tokens are left out (mode route). The end follows from it, so that both ends of a U-ViT's long skip have the same tokens. Where so many blocks are not there, the default is what leaves one or two in the middle.",
      unit: "blocks",
      equation: "blocks route_from … L - 1 - route_from of L see the visible tokens only",
    }),
    fuse_blocks: integer(1, 31).default(2).meta({
      description:
        "Blocks at each end that see all tokens (mode fuse). Part of the network: finetuning and sampling have it, too. Where so many are not there, the default is what leaves one or two in the middle.",
      unit: "blocks",
      equation: "blocks fuse_blocks … L - 1 - fuse_blocks of L see the visible tokens only",
    }),
  })
  .meta({ description: "Masking during pretraining; finetuning always sees whole images." });
