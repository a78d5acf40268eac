/** `compute`: which processes train, and where. */
import * as z from "zod";
import { integer } from "./values.ts";

/** What starts the processes of a training. */
export const COMPUTE_TARGETS = ["local", "ray", "command"] as const;

export const compute = z
  .strictObject({
    target: z.enum(COMPUTE_TARGETS).default("local").meta({
      description:
        "Where the PyTorch engine trains. local: on this machine; ray: as a job of a Ray cluster; command: where compute.command takes it, such as to a batch system. Elsewhere than here the machines have to reach the images and the folder of the runs by the same paths (docs/cluster.md).",
    }),
    workers: integer(1, 4096).default(1).meta({
      description:
        "Processes that train together, each on a graphics card of its own where there are any, with an equal share of every batch (docs/cluster.md). Must divide batch_size. The PyTorch engine only; any other trains with one. What is learned is the same but for rounding.",
      unit: "processes",
    }),
    shard: z.enum(["none", "optimizer"]).default("none").meta({
      description:
        "What these processes divide among them, for networks that do not fit one graphics card. optimizer: AdamW's moments and the moving average (ZeRO-1), so that with N processes each holds 8 + 12/N bytes a parameter instead of 20, and sends half as much again. What is learned is the same.",
    }),
    address: z
      .string()
      .regex(/^https?:\/\/\S+$/)
      .nullable()
      .default(null)
      .meta({
        description:
          "Where the Ray cluster's dashboard is, such as http://10.0.0.1:8265; null: what the environment variable RAY_ADDRESS says, else http://127.0.0.1:8265. Only with target ray.",
      }),
    cpus_per_worker: integer(1, 1024).default(1).meta({
      description: "Cores of the Ray cluster that each process is given. Only with target ray.",
      unit: "cores",
    }),
    gpus_per_worker: z
      .union([z.literal("auto"), z.number().min(0).max(1)])
      .default("auto")
      .meta({
        description:
          "Graphics cards of the Ray cluster that each process is given: none, one, or a share of one, by which runs of one process each share a card. auto: one where the cluster has any. Only with target ray.",
        unit: "cards",
      }),
    command: z.string().min(1).nullable().default(null).meta({
      description:
        "The command line that takes a training to where it is computed, such as to a batch system: sbatch --wait --requeue {script}. {script} is a shell script that trains; {folder} its folder, {run} the run's name, {workers} the number of processes (docs/cluster.md). Needed with target command, and read only there.",
    }),
  })
  .meta({ description: "Where it is computed; changes speed, not what is learned." });
