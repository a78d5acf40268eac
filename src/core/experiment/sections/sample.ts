/** The section `sample`: how images are drawn. */
import * as z from "zod";
import { SAMPLER_CHOICES } from "../samplerChoices.ts";
import { integer, rate01 } from "./values.ts";

export const sample = z
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
