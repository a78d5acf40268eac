/** Networks of published code that are networks here, too. */
import { DIT_LAYOUT } from "./ditLayout.ts";
import type { Layout } from "./layout.ts";
import { MASKDM_LAYOUT, UVIT_LAYOUT } from "./uvitLayouts.ts";

export const LAYOUTS: readonly Layout[] = [MASKDM_LAYOUT, UVIT_LAYOUT, DIT_LAYOUT];
