/** Processes that train together, and where. */
import { COMMAND_PLACEHOLDERS, takesScript, unknownPlaceholders } from "../../experiment/computeCommand.ts";
import { divisors, nearest } from "../../numbers.ts";
import { trainsWithTorch } from "../../torch/trainsWithTorch.ts";
import { idle } from "../idleFinding.ts";
import type { Finding, Rule } from "../rule.ts";

const workersDivide: Rule = {
  code: "MDM705",
  name: "workers-divide",
  severity: "error",
  explanation:
    "`compute.workers` must divide `batch_size`: each process works on as many images of a step as the others.",
  fix: "Writes the nearest number that divides the batch size, of both stages where both are looked at.",
  *check(context) {
    const { workers } = context.experiment.compute;
    const stages = [...context.stages()];
    const suitAll = divisors(stages[0]?.config.batch_size ?? 1).filter((size) =>
      stages.every(({ config }) => config.batch_size % size === 0),
    );
    const near = nearest(suitAll, workers) ?? 1;
    for (const { stage, config } of stages) {
      const batch = config.batch_size;
      if (batch % workers === 0) continue;
      yield {
        at: ["compute.workers", `${stage}.batch_size`],
        message: `compute.workers ${workers} does not divide ${stage}.batch_size ${batch}: each process works on as many images. Use ${near}, or another batch_size.`,
        fix: { title: `Use workers ${near}`, set: { "compute.workers": String(near) } },
      };
    }
  },
};

const workersNeedTorch: Rule = {
  code: "MDM706",
  name: "workers-need-torch",
  severity: "warning",
  explanation:
    "`compute.workers` above 1 is for the PyTorch engine. Any other trains with one process: it learns the same and takes longer.",
  fix: "Writes `backend: torch`.",
  *check({ experiment, facts }) {
    const { compute, engine } = experiment;
    if (compute.workers === 1 || compute.target !== "local") return;
    if (trainsWithTorch(experiment, facts.autoTakesTorch === true)) return;
    yield {
      at: ["compute.workers"],
      message: `compute.workers ${compute.workers} is for PyTorch, and engine.backend ${engine.backend} trains with one process here. Use engine.backend torch.`,
      fix: { title: "Use backend: torch", set: { "engine.backend": "torch" } },
    };
  },
};

const targetNeedsTorch: Rule = {
  code: "MDM708",
  name: "target-needs-torch",
  severity: "error",
  explanation:
    "With a `compute.target` other than local it is the PyTorch engine that trains, and `engine.backend` has to say so: what works on this machine, which `auto` goes by, says nothing of another.",
  fix: "Writes `backend: torch`.",
  *check({ experiment: { compute, engine } }) {
    if (compute.target === "local" || engine.backend === "torch") return;
    yield {
      at: ["compute.target"],
      message: `compute.target ${compute.target} is for the PyTorch engine, but engine.backend is ${engine.backend}. Use engine.backend torch.`,
      fix: { title: "Use backend: torch", set: { "engine.backend": "torch" } },
    };
  },
};

const targetKeyUnused: Rule = {
  code: "MDM709",
  name: "target-key-unused",
  severity: "warning",
  explanation:
    "`compute.address`, `cpus_per_worker` and `gpus_per_worker` are only read with `target: ray`, `compute.command` only with `target: command`.",
  fix: "Removes the key.",
  *check(context) {
    for (const key of ["address", "cpus_per_worker", "gpus_per_worker", "command"]) {
      yield* idle(context, `compute.${key}`, "remove it");
    }
  },
};

const commandMissing: Rule = {
  code: "MDM710",
  name: "command-missing",
  severity: "error",
  explanation: "`compute.target: command` needs the command: `compute.command`.",
  fix: null,
  *check({ experiment: { compute } }) {
    if (compute.target !== "command" || compute.command !== null) return;
    yield {
      at: ["compute.command", "compute.target"],
      message: "compute.target command has no compute.command. Write the command line that takes a training there.",
    };
  },
};

const commandPlaceholders: Rule = {
  code: "MDM711",
  name: "command-placeholders",
  severity: "error",
  explanation:
    "`compute.command` has to take the script that trains, `{script}`, to where it is computed. It may also name `{folder}`, where the script lies and output may go, `{run}` and `{workers}`; other names in braces stand for nothing.",
  fix: null,
  *check({ experiment: { compute } }) {
    const { target, command } = compute;
    if (target !== "command" || command === null) return;
    const at: Finding["at"] = ["compute.command"];
    const known = COMMAND_PLACEHOLDERS.map((name) => `{${name}}`).join(", ");
    for (const name of unknownPlaceholders(command)) {
      yield { at, message: `compute.command: {${name}} stands for nothing. Use ${known}.` };
    }
    if (!takesScript(command)) {
      yield {
        at,
        message: "compute.command does not name {script}, so that nothing would be trained: sbatch --wait {script}",
      };
    }
  },
};

const shardUnused: Rule = {
  code: "MDM712",
  name: "shard-unused",
  severity: "warning",
  explanation:
    "`compute.shard: optimizer` divides among the processes of a training: one process alone keeps everything.",
  fix: "Removes the key.",
  *check({ experiment: { compute } }) {
    if (compute.shard === "none" || compute.workers > 1) return;
    yield {
      at: ["compute.shard"],
      message: `compute.shard ${compute.shard} has no effect: workers is 1. Use more workers, or remove the key.`,
      fix: { title: "Remove shard", remove: ["compute.shard"] },
    };
  },
};

export const COMPUTE_RULES: readonly Rule[] = [
  workersDivide,
  workersNeedTorch,
  targetNeedsTorch,
  targetKeyUnused,
  commandMissing,
  commandPlaceholders,
  shardUnused,
];
