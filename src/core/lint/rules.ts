/** All semantic rules. */
import type { Rule } from "./rule.ts";
import { CHECKPOINT_RULES } from "./rules/checkpoint.ts";
import { CLASS_RULES } from "./rules/classes.ts";
import { COMPUTE_RULES } from "./rules/compute.ts";
import { DATA_RULES } from "./rules/data.ts";
import { DATA_FILE_RULES } from "./rules/dataFiles.ts";
import { DIFFUSION_RULES, SAMPLE_RULES } from "./rules/diffusion.ts";
import { ENGINE_RULES } from "./rules/engine.ts";
import { GUIDANCE_RULES } from "./rules/guidance.ts";
import { HIDDEN_RULES } from "./rules/hidden.ts";
import { MASK_RULES } from "./rules/mask.ts";
import { MASK_SCHEDULE_RULES } from "./rules/maskSchedule.ts";
import { MEASURE_RULES } from "./rules/measure.ts";
import { MODEL_RULES } from "./rules/model.ts";
import { OPTIMIZER_RULES } from "./rules/optimizer.ts";
import { PICTURE_RULES } from "./rules/pictures.ts";
import { RESUME_RULES } from "./rules/resume.ts";
import { STAGE_RULES } from "./rules/stage.ts";

/** In the order of their codes. */
export const RULES: readonly Rule[] = [
  ...DATA_RULES,
  ...DATA_FILE_RULES,
  ...CLASS_RULES,
  ...MODEL_RULES,
  ...MASK_RULES,
  ...HIDDEN_RULES,
  ...MASK_SCHEDULE_RULES,
  ...DIFFUSION_RULES,
  ...STAGE_RULES,
  ...MEASURE_RULES,
  ...OPTIMIZER_RULES,
  ...SAMPLE_RULES,
  ...GUIDANCE_RULES,
  ...ENGINE_RULES,
  ...COMPUTE_RULES,
  ...PICTURE_RULES,
  ...CHECKPOINT_RULES,
  ...RESUME_RULES,
].sort((a, b) => (a.code < b.code ? -1 : 1));
