/** `compute`: which processes train. */
import * as z from "zod";
import { integer } from "./values.ts";

export const compute = z
  .strictObject({
    workers: integer(1, 4096).default(1).meta({
      description:
        "Processes that train together, each on a graphics card of its own where there are any, with an equal share of every batch (docs/cluster.md). Must divide batch_size. The PyTorch engine only; any other trains with one. What is learned is the same but for rounding.",
      unit: "processes",
    }),
    shard: z.enum(["none", "optimizer"]).default("none").meta({
      description:
        "What these processes divide among them, for networks that do not fit one graphics card. optimizer: AdamW's moments and the moving average (ZeRO-1), so that with N processes each holds 8 + 12/N bytes a parameter instead of 20, and sends half as much again. What is learned is the same.",
    }),
  })
  .meta({ description: "Where it is computed; changes speed, not what is learned." });
