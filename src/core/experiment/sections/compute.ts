/** `compute`: which processes train. */
import * as z from "zod";
import { integer } from "./values.ts";

export const compute = z
  .strictObject({
    target: z.enum(["local", "ray"]).default("local").meta({
      description:
        "Where the processes run. local: on this machine, started by PyTorch's torchrun; ray: on a Ray cluster, whose machines share the files with this one.",
    }),
    workers: integer(1, 4096).default(1).meta({
      description:
        "Processes that train together, each on a graphics card of its own where there are any, with an equal share of every batch (docs/cluster.md). Must divide batch_size. The PyTorch engine only; any other trains with one. What is learned is the same but for rounding.",
      unit: "processes",
    }),
    address: z.string().min(1).nullable().default(null).meta({
      description:
        "The head of the Ray cluster, such as 10.0.0.1:6379; null: the cluster that this machine is part of. Only with target ray.",
    }),
  })
  .meta({ description: "Where it is computed; changes speed, not what is learned." });
