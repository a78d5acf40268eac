/** What `sample.sampler` may be. */
export const SAMPLER_CHOICES = ["ddim", "ancestral", "dpmpp_2m", "euler", "heun"] as const;
