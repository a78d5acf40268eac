/** The section `model`: the network. */
import * as z from "zod";
import { BACKBONE_NAMES, BACKBONES } from "../../model/backbones.ts";
import { OWN_NETWORK_NAME } from "../../model/ownNetwork.ts";
import { integer, rate01 } from "./values.ts";

export const model = z
  .strictObject({
    backbone: z
      .union([z.enum(BACKBONE_NAMES), z.string().regex(OWN_NETWORK_NAME)])
      .default(BACKBONE_NAMES[0])
      .meta({
        description: `The network; all drop hidden patches in the same way. ${Object.entries(BACKBONES)
          .map(([name, { summary }]) => `${name}: ${summary}`)
          .join(
            "; ",
          )}. my_package.my_module:MyNet is a class of your own in Python, looked for beside the experiment file, which engine.backend torch trains (docs/own-network.md).`,
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
