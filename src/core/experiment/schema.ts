/**
 * The experiment file (`*.maskdm.yaml`). This schema is the one source of the TypeScript types, the defaults, the published JSON
 * Schema and the documentation of every key. Each key says what it is, its unit, the equation it enters and what it costs.
 */
import * as z from "zod";
import { BACKBONE_NAMES, BACKBONES } from "../model/backbones.ts";
import { BACKEND_CHOICES } from "./backendChoices.ts";
import { SAMPLER_CHOICES } from "./samplerChoices.ts";
import { stageKeys } from "./stageKeys.ts";

declare module "zod" {
  interface GlobalMeta {
    /** unit of a number, in words */
    unit?: string;
    /** the formula the key enters, method page notation */
    equation?: string;
    /** what a larger or other value costs */
    cost?: string;
  }
}

const integer = (min: number, max: number) => z.number().int().min(min).max(max);
const rate01 = () => z.number().min(0).max(1);

const data = z
  .strictObject({
    path: z.string().min(1).meta({
      description:
        "Folder of images, searched recursively. A relative path starts at the experiment file's folder; ~/ at its beginning stands for the user's own folder.",
    }),
    image_size: integer(4, 1024).default(64).meta({
      description:
        "Side of the square training image. Images are resized by their shorter side and centre-cropped to it; patch_size must divide it.",
      unit: "pixels",
      equation: "N = (image_size / patch_size)²",
      cost: "Twice the side is four times the tokens: 4 times the work of the linear layers, 16 times that of attention.",
    }),
    channels: z
      .union([z.literal(1), z.literal(3)])
      .default(3)
      .meta({
        description: "Colour channels C of the training image: 1 = grey, 3 = RGB. Images of other modes are converted.",
      }),
    hflip: rate01().default(0).meta({
      description: "Probability that a training image is mirrored left to right.",
      unit: "probability",
    }),
    background: z
      .string()
      .regex(/^#[0-9a-fA-F]{6}$/)
      .default("#ffffff")
      .meta({
        description:
          'Colour that transparent images are composited on, written in quotes as "#rrggbb" (without quotes YAML reads # as a comment).',
      }),
    labels: z.enum(["none", "folders"]).default("none").meta({
      description:
        "Where class labels come from. folders: each first-level sub-folder is a class; whole numbers come first, by their value, then the others by the bytes of their names. A finetune keeps the numbers of what it starts from.",
    }),
    ignore: z.array(z.string().min(1).max(400)).max(64).default([]).meta({
      description:
        'Files and folders below data.path that are left out. "name" is a name at any depth, "/name" or "a/b" a path from the data folder; * stands for any characters but a slash, ? for one, ** for any folders, a slash at the end for folders only.',
    }),
    max_broken: rate01().default(0.05).meta({
      description:
        "Share of unreadable images above which a run refuses to start; below it they are listed and skipped.",
      unit: "share of the images",
    }),
    holdout: z.number().min(0).max(0.5).default(0).meta({
      description:
        "Share of the images that neither stage trains on, so that `maskdm evaluate` can hold samples against images that nobody has learned from. What an image looks like decides, not the seed: equal images stay together, and a larger share holds out the same images and more.",
      unit: "share of the images",
      cost: "What is held out is not learned.",
    }),
  })
  .meta({ description: "The images." });

const model = z
  .strictObject({
    backbone: z
      .enum(BACKBONE_NAMES)
      .default(BACKBONE_NAMES[0])
      .meta({
        description: `The network; all drop hidden patches in the same way. ${Object.entries(BACKBONES)
          .map(([name, { summary }]) => `${name}: ${summary}`)
          .join("; ")}.`,
      }),
    patch_size: integer(1, 64).default(4).meta({
      description: "Side p of a square patch, which becomes one token. Must divide image_size.",
      unit: "pixels",
      equation: "N = (image_size / patch_size)²",
      cost: "Half the side is four times the tokens: 4 times the work of the linear layers, 16 times that of attention.",
    }),
    embed_dim: integer(8, 4096).default(512).meta({
      description:
        "Width D of the tokens. Must be a multiple of num_heads, even in a U-ViT (sinusoidal time embedding), a multiple of 4 in a DiT and with positions sincos.",
      unit: "numbers per token",
      cost: "Parameters and the work of the linear layers grow with D².",
    }),
    depth: integer(1, 64).default(13).meta({
      description:
        "Transformer blocks. A U-ViT has floor(depth/2) in-blocks, one mid-block and floor(depth/2) out-blocks, each out-block joined to its in-block by a long skip: an even depth builds one block more than it says.",
      unit: "blocks",
      equation: "U-ViT: blocks = 2·floor(depth/2) + 1",
      cost: "Work, parameters and activation memory grow in proportion.",
    }),
    num_heads: integer(1, 64).default(8).meta({
      description: "Attention heads; must divide embed_dim. 64 numbers per head are usual.",
      unit: "heads",
      cost: "The work stays the same; the attention matrices kept in memory are heads·n² numbers.",
    }),
    mlp_ratio: z.number().min(0.25).max(16).default(4).meta({
      description:
        "Hidden width of the MLP over embed_dim; the product is cut to a whole number, as in the published code.",
      unit: "times embed_dim",
      cost: "2·ratio of the (4 + 2·ratio)·n·D² multiply-adds of a block's linear layers.",
    }),
    qkv_bias: z.boolean().default(false).meta({
      description:
        "U-ViT: whether queries and values have learned biases (attn.q_bias, attn.v_bias). A DiT has biases in every layer.",
    }),
    time_embedding: z.enum(["sinusoidal", "mlp"]).default("sinusoidal").meta({
      description:
        "U-ViT: how the timestep becomes a token. sinusoidal: cosines and sines of t, as they are; mlp: two linear layers with SiLU between on top of that.",
    }),
    qk_norm: z.enum(["none", "rms"]).default("none").meta({
      description:
        "Whether the queries and keys of every head are normalised before they are compared (Henry et al. 2020, Dehghani et al. 2023): rms divides each by its root mean square and multiplies it by learned gains, embed_dim / num_heads for queries (attn.q_norm) and as many for keys (attn.k_norm). It bounds the scores, which keeps long or large trainings stable.",
      equation: "rms: q ← q / sqrt(mean(q²) + 1e-6) · gain",
      cost: "A few percent of a step's time.",
    }),
    norm: z.enum(["layer", "rms"]).default("layer").meta({
      description:
        "How tokens are normalised before attention, MLP and output layer. layer: mean 0 and deviation 1 (Ba et al. 2016); rms: divided by their root mean square, with neither mean nor bias (Zhang & Sennrich 2019). A DiT's normalisations learn nothing themselves; timestep and class scale and shift them.",
      equation: "rms: x / sqrt(mean(x²) + 1e-6) · gain",
    }),
    mlp: z.enum(["gelu", "swiglu"]).default("gelu").meta({
      description:
        "What follows attention in a block. gelu: two layers with GELU between (mlp.fc1, mlp.fc2), exact in a U-ViT and approximated by tanh in a DiT, as published; swiglu: gates and values (mlp.w12), multiplied, and one layer more (mlp.w3) (Shazeer 2020). Its hidden width is two thirds, so that the parameters are about as many, rounded up to a multiple of 8.",
      equation: "swiglu: w3(silu(gate) · value), hidden width = 8·ceil(trunc(2/3·trunc(mlp_ratio·embed_dim))/8)",
    }),
    positions: z.enum(["learned", "sincos"]).default("learned").meta({
      description:
        "U-ViT: what tells a token its place. learned: a vector for every token, which begins near nothing; sincos: fixed sines and cosines of column and row, zeros for timestep and class, as a DiT has them (embed_dim a multiple of 4).",
    }),
    output_conv: z.enum(["none", "residual"]).default("none").meta({
      description:
        "Whether a 3 x 3 convolution over the output image joins patches, whose borders otherwise show (U-ViT's last layer, Bao et al. 2023). residual: it is added to the output and begins at zero, so that finetuning can add it to weights without it. It needs whole images: where mask.mode drop hides tokens, the output stays as it is and the convolution does not learn.",
      equation: "y ← y + conv3x3(y), padded by zeros",
      cost: "9·C² + C parameters and a small share of a step's time.",
    }),
    num_classes: integer(0, 100_000).default(0).meta({
      description: "Number of classes the model is conditioned on; 0 = unconditional. Labels come from data.labels.",
      unit: "classes",
    }),
    class_dropout: rate01().default(0.1).meta({
      description:
        "Probability that an image's label is replaced by the learned unconditional embedding during training. Only with num_classes above 0.",
      unit: "probability",
    }),
  })
  .meta({ description: "The backbone: a transformer over patches." });

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

const mask = z
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

const diffusion = z
  .strictObject({
    process: z.enum(["ddpm", "flow"]).default("ddpm").meta({
      description:
        "How an image becomes noise. ddpm: as schedule says (Ho et al. 2020); flow: along the straight path, with as much less of the image as there is more noise (rectified flow, flow matching). Sampling must use the one trained with.",
      equation:
        "x_t = a_t·x0 + b_t·ε; ddpm: a_t = sqrt(ᾱ_t), b_t = sqrt(1 - ᾱ_t); flow: a_t = 1 - b_t, b_t = (t + 1)/T",
    }),
    timesteps: integer(2, 10_000).default(1000).meta({
      description: "Diffusion steps T; training draws t from 0 to T-1.",
      unit: "steps",
    }),
    timestep_distribution: z.enum(["uniform", "logit_normal"]).default("uniform").meta({
      description:
        "How training draws t. uniform: all alike; logit_normal: those in the middle more often, as logit_mean and logit_std say (Esser et al. 2024). The held-out loss has evenly spread timesteps either way.",
      equation: "logit_normal: t = floor((1 - u)·T), u = sigmoid(logit_mean + logit_std·z), z standard normal",
    }),
    logit_mean: z.number().min(-10).max(10).default(0).meta({
      description:
        "Mean of the logit-normal distribution; below 0 there is more noise than image in most pictures that are trained on. Only read with timestep_distribution: logit_normal.",
    }),
    logit_std: z.number().positive().max(10).default(1).meta({
      description:
        "Deviation of the logit-normal distribution; the smaller, the more timesteps are about those of logit_mean. Only read with timestep_distribution: logit_normal.",
    }),
    schedule: z.enum(["cosine", "linear"]).default("cosine").meta({
      description:
        "Noise schedule of process: ddpm. cosine: ᾱ follows cos² with s = 0.008, β at most 0.999; linear: β from 1e-4 to 0.02, scaled by 1000/T. Sampling must use the one trained with.",
      equation: "ᾱ_t = (1 - β_0)·…·(1 - β_t)",
    }),
    prediction: z.enum(["epsilon", "v", "x0"]).default("epsilon").meta({
      description: "What the network predicts: the noise, the velocity, or the clean image.",
      equation: "ddpm: v = a_t·ε - b_t·x0; flow: v = x0 - ε",
    }),
    loss_weighting: z.enum(["uniform", "min_snr", "velocity"]).default("uniform").meta({
      description:
        "Weight of a timestep's loss. uniform: plain mean squared error; min_snr: capped signal-to-noise ratio; velocity: the loss is that of v whatever is predicted (Li & He 2025).",
      equation: "velocity: w = 1 for v, 1/max(b_t, 0.05)² for x0, 1/max(a_t, 0.05)² for epsilon",
    }),
    min_snr_gamma: z.number().positive().default(5).meta({
      description: "Cap γ of the signal-to-noise ratio; only read with loss_weighting: min_snr.",
      equation: "epsilon: w = min(SNR, γ)/SNR, SNR = a_t²/b_t²",
    }),
  })
  .meta({ description: "The diffusion process." });

const pretrain = z
  .strictObject(stageKeys({ batch_size: 256 }))
  .meta({ description: "Stage 1: training on masked images (MDSM)." });

const finetune = z
  .strictObject({
    ...stageKeys({ batch_size: 128 }),
    from: z.string().min(1).nullable().default(null).meta({
      description:
        "Run folder, run id or checkpoint that finetuning starts from; null: to be named with --from on the command line.",
    }),
    weights: z.enum(["raw", "ema"]).default("raw").meta({
      description: "Which of its weights are taken: raw (the trained ones) or ema (their moving average).",
    }),
    classes: z.enum(["keep", "new"]).default("keep").meta({
      description:
        "Numbers of the classes. keep: a folder has the number that its name has in what finetuning starts from; new: folders are numbered anew, for other classes. Only with num_classes above 0.",
    }),
  })
  .meta({ description: "Stage 2: training on whole images (DSM), from pretrained weights." });

const sample = z
  .strictObject({
    sampler: z.enum(SAMPLER_CHOICES).default("ddim").meta({
      description:
        "How images are drawn: DDIM, ancestral (DDPM), DPM-Solver++(2M), Euler's method on the probability-flow ODE (what DDIM is with eta 0), or Heun's, which asks the network twice for every step but the last and is more exact.",
    }),
    steps: integer(1, 10_000).default(100).meta({
      description:
        "Network evaluations per image; guidance asks twice. Samplers visit a timestep at most once, so at most diffusion.timesteps of them are made. heun makes 2·n - 1 in n steps: of an even number one is left out.",
      unit: "steps",
      cost: "Drawing time grows in proportion.",
    }),
    eta: rate01().default(1).meta({
      description: "Noise put back at every DDIM step: 0 = none (deterministic), 1 = as much as ancestral sampling.",
      unit: "share",
    }),
    count: integer(1, 10_000).default(16).meta({
      description: "Images per sample grid.",
      unit: "images",
      cost: "Drawing time grows in proportion.",
    }),
    weights: z.enum(["ema", "raw"]).default("ema").meta({ description: "Which weights draw." }),
    clip: z.boolean().default(true).meta({
      description: "Whether the predicted clean image is clamped to [-1, 1] at every step.",
    }),
    guidance: z.number().min(0).default(1).meta({
      description:
        "Scale w of classifier-free guidance (Ho & Salimans 2022): how far what the network predicts with an image's class is driven away from what it predicts without one. 1 = the class as it was learned; 0 = no class; above 1, usually 1.5 to 4, images show their class more clearly and vary less. Only with num_classes above 0, and learned with class_dropout above 0.",
      equation: "output = without + w·(with - without)",
      cost: "Every guided step takes two evaluations of the network instead of one, but for w = 0.",
    }),
    guidance_interval: z.tuple([rate01(), rate01()]).default([0, 1]).meta({
      description:
        "Noise levels that are guided, from and to as shares of the way from the image (0) to noise (1); at all others guidance is 1 (Kynkäänniemi et al. 2024). Leaving out the noisiest keeps more variety.",
      unit: "share of the timesteps",
      equation: "guided: round(from·(T - 1)) ≤ t ≤ round(to·(T - 1))",
      cost: "Steps outside of it take one evaluation of the network.",
    }),
    classes: z
      .array(z.union([z.string().min(1).max(400), integer(0, 99_999)]))
      .min(1)
      .max(1000)
      .nullable()
      .default(null)
      .meta({
        description:
          "Classes that are drawn, by the names of their folders or by their numbers; where names are numbers themselves, the name counts. Images take turns. null = all classes. An evaluation then measures against the images of these classes. Only with num_classes above 0.",
      }),
  })
  .meta({ description: "The sample grids drawn during training and by the sample command." });

const engine = z
  .strictObject({
    backend: z.enum(BACKEND_CHOICES).default("auto").meta({
      description: "What computes the steps; auto takes the fastest that works here and says which.",
    }),
    threads: z
      .union([z.literal("auto"), integer(1, 1024)])
      .default("auto")
      .meta({ description: "Threads of the computation; auto = the machine's cores.", unit: "threads" }),
    memory_gb: z
      .union([z.literal("auto"), z.number().positive()])
      .default("auto")
      .meta({
        description: "Memory a training step may take; micro_batch_size: auto is chosen to stay below it.",
        unit: "GiB",
      }),
  })
  .meta({ description: "The machine's side; changes speed and memory, not what is learned." });

export const experimentSchema = z
  .strictObject({
    data,
    model: model.prefault({}),
    mask: mask.prefault({}),
    diffusion: diffusion.prefault({}),
    pretrain: pretrain.prefault({}),
    finetune: finetune.prefault({}),
    sample: sample.prefault({}),
    engine: engine.prefault({}),
    seed: integer(0, Number.MAX_SAFE_INTEGER).default(0).meta({
      description:
        "Seed of every random stream: masks, order of images, flips, timesteps, noise, initial weights and samples.",
    }),
  })
  .meta({ description: "A MaskDM experiment. The smallest valid file names only data.path." });

/** A complete experiment, every default filled in. */
export type Experiment = z.output<typeof experimentSchema>;
/** What a user writes: everything but data.path may be left out. */
export type ExperimentInput = z.input<typeof experimentSchema>;
export type DataConfig = Experiment["data"];
export type ModelConfig = Experiment["model"];
export type MaskSection = Experiment["mask"];
export type DiffusionConfig = Experiment["diffusion"];
export type StageConfig = Experiment["pretrain"];
export type SampleConfig = Experiment["sample"];
