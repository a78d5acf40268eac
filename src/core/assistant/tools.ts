/** The tools that assistants have, whichever door they come through. */
import type { Tool } from "./tool.ts";
import { TOOL_NAMES, type ToolName } from "./toolNames.ts";
import { COMPARE_RUNS } from "./tools/compareRuns.ts";
import { CONTROL_RUN } from "./tools/controlRun.ts";
import { DESCRIBE_DESIGN } from "./tools/describeDesign.ts";
import { EXPLAIN_RULE } from "./tools/explainRule.ts";
import { LINT } from "./tools/lint.ts";
import { PROPOSE_CHANGE } from "./tools/proposeChange.ts";
import { RUN_STATUS } from "./tools/runStatus.ts";
import { START_RUN } from "./tools/startRun.ts";

export const TOOLS: Readonly<Record<ToolName, Tool>> = {
  lint: LINT,
  explain_rule: EXPLAIN_RULE,
  describe_design: DESCRIBE_DESIGN,
  propose_change: PROPOSE_CHANGE,
  start_run: START_RUN,
  control_run: CONTROL_RUN,
  run_status: RUN_STATUS,
  compare_runs: COMPARE_RUNS,
};

/** In the order of their names' list. */
export const ALL_TOOLS: readonly Tool[] = TOOL_NAMES.map((name) => TOOLS[name]);
