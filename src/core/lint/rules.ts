/** All semantic rules. */
import type { Rule } from "./rule.ts";
import { CHECKPOINT_RULES } from "./rules/checkpoint.ts";
import { DATA_RULES } from "./rules/data.ts";
import { DIFFUSION_RULES, SAMPLE_RULES } from "./rules/diffusion.ts";
import { ENGINE_RULES } from "./rules/engine.ts";
import { MASK_RULES } from "./rules/mask.ts";
import { MODEL_RULES } from "./rules/model.ts";
import { OPTIMIZER_RULES } from "./rules/optimizer.ts";
import { RESUME_RULES } from "./rules/resume.ts";
import { STAGE_RULES } from "./rules/stage.ts";

/** In the order of their codes. */
export const RULES: readonly Rule[] = [
  ...DATA_RULES,
  ...MODEL_RULES,
  ...MASK_RULES,
  ...DIFFUSION_RULES,
  ...STAGE_RULES,
  ...OPTIMIZER_RULES,
  ...SAMPLE_RULES,
  ...ENGINE_RULES,
  ...CHECKPOINT_RULES,
  ...RESUME_RULES,
].sort((a, b) => (a.code < b.code ? -1 : 1));
