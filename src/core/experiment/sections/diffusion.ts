/** The section `diffusion`: how images become noise, and what is learned of it. */
import * as z from "zod";
import { integer } from "./values.ts";

export const diffusion = z
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
