/** A folder that the library diffusers of Hugging Face loads as a pipeline, with code of its own for what the library does not have. */
import { join } from "node:path";
import { betaSchedule, LARGEST_BETA } from "../../core/diffusion/betas.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import type { RunNetwork } from "../../node/run/runNetwork.ts";
import { torchPackage } from "../torch/torchProgram.ts";
import { drawnNumbers, jsonText, readmeText, writeTexts, writeWeights } from "./exportedNetwork.ts";
import { pythonModule } from "./pythonModule.ts";

/** The one that tests load the folders with. */
const VERSION = "0.42.1";
const PREDICTION_TYPES = { epsilon: "epsilon", v: "v_prediction", x0: "sample" } as const;

/**
 * @returns what the user should know: where the pipeline draws otherwise than the experiment says
 * @throws UserError where the folder holds something else, or the disk refuses
 */
export function exportDiffusers(network: RunNetwork, folder: string): string[] {
  const module = (name: string): string => pythonModule(`exported/${name}.py`, join(torchPackage(), "maskdm_torch"));
  const isFlow = network.experiment.diffusion.process === "flow";
  const notes = differences(network.experiment);
  writeTexts(folder, {
    "README.md": `---\nlibrary_name: diffusers\n---\n\n${readmeText(network, use(notes))}`,
    "model_index.json": jsonText({
      _class_name: ["maskdm_pipeline", "MaskDMPipeline"],
      _diffusers_version: VERSION,
      transformer: ["maskdm_transformer", "MaskDMTransformer2DModel"],
      scheduler: isFlow ? ["maskdm_scheduler", "MaskDMFlowScheduler"] : ["diffusers", "DDIMScheduler"],
    }),
    "maskdm_pipeline.py": module("diffusers_pipeline"),
    "transformer/config.json": jsonText(transformerConfig(network)),
    "transformer/maskdm_transformer.py": module("diffusers_model"),
    "scheduler/scheduler_config.json": jsonText(schedulerConfig(network.experiment)),
    ...(isFlow ? { "scheduler/maskdm_scheduler.py": module("diffusers_scheduler") } : {}),
  });
  // The module holds the network under a name.
  writeWeights(network, join(folder, "transformer/diffusion_pytorch_model.safetensors"), "network.");
  return notes;
}

function transformerConfig(network: RunNetwork) {
  const { data, model, mask, diffusion, sample } = network.experiment;
  const { class_dropout: _, ...ofShape } = model;
  return {
    _class_name: "MaskDMTransformer2DModel",
    _diffusers_version: VERSION,
    sample_size: data.image_size,
    in_channels: data.channels,
    // Fields of NetworkShape.
    shape: {
      image_size: data.image_size,
      channels: data.channels,
      ...ofShape,
      ...{ mode: mask.mode, route_from: mask.route_from, fuse_blocks: mask.fuse_blocks },
      timesteps: diffusion.timesteps,
    },
    drawing: {
      num_inference_steps: sample.steps,
      eta: etaOf(sample),
      // The noise is derived again from the clamped image, unless it is what the network predicts.
      use_clipped_model_output: diffusion.prediction !== "epsilon" || sample.sampler === "ancestral",
      guidance_scale: sample.guidance,
      guidance_interval: sample.guidance_interval,
      class_labels: drawnNumbers(network),
      class_names: network.classes,
    },
  };
}

/** Of DDIM, which is the ancestral sampler with 1 and Euler's with 0. */
const etaOf = ({ sampler, eta }: Experiment["sample"]): number =>
  sampler === "ddim" ? eta : sampler === "ancestral" ? 1 : 0;

function schedulerConfig({ diffusion, sample }: Experiment) {
  const { timesteps, schedule, prediction, process } = diffusion;
  const common = { _diffusers_version: VERSION, num_train_timesteps: timesteps, clip_sample: sample.clip };
  if (process === "flow") return { _class_name: "MaskDMFlowScheduler", ...common, prediction_type: prediction };
  const beta_end = (0.02 * 1000) / timesteps;
  return {
    _class_name: "DDIMScheduler",
    ...common,
    clip_sample_range: 1,
    prediction_type: PREDICTION_TYPES[prediction],
    ...(schedule === "cosine"
      ? { beta_schedule: "squaredcos_cap_v2" }
      : { beta_schedule: "linear", beta_start: (1e-4 * 1000) / timesteps, beta_end }),
    // Their linear schedule is not capped.
    ...(schedule === "linear" && beta_end > LARGEST_BETA ? { trained_betas: [...betaSchedule(diffusion).betas] } : {}),
    // T-1 first, the clean image last.
    timestep_spacing: "trailing",
    set_alpha_to_one: true,
    steps_offset: 0,
  };
}

function differences({ diffusion, sample }: Experiment): string[] {
  const { timesteps, process, prediction } = diffusion;
  const { sampler, steps, clip } = sample;
  const is = (what: boolean, note: string): string[] => (what ? [note] : []);
  return [
    ...is(
      sampler === "heun" || sampler === "dpmpp_2m",
      `sample.sampler ${sampler}: the pipeline draws with DDIM without noise`,
    ),
    ...is(
      process === "flow" && sampler === "ancestral" && prediction === "epsilon" && clip,
      "sample.sampler ancestral: the pipeline's noise is not derived again from the clamped image",
    ),
    ...is(
      process === "ddpm" && timesteps % steps !== 0,
      `sample.steps ${steps}: diffusers rounds other times than this program, unless steps divide the ${timesteps} timesteps`,
    ),
  ];
}

const use = (notes: readonly string[]): string => `\`\`\`python
from diffusers import DiffusionPipeline

pipeline = DiffusionPipeline.from_pretrained(".", trust_remote_code=True)
images = pipeline(batch_size=16).images                    # as the experiment draws
images = pipeline(batch_size=4, num_inference_steps=50, eta=0.0, guidance_scale=2.0, class_labels=[0]).images
\`\`\`

\`maskdm_pipeline.py\` and \`transformer/maskdm_transformer.py\` are the code of the network and of its guidance: read them before you trust them. Noise comes from PyTorch's
generator, so that a seed draws other images than \`maskdm sample\`.
${notes.map((note) => `\n* ${note}\n`).join("")}`;
