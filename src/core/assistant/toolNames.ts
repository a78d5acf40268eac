/** Names of the tools, in the order in which an assistant mostly needs them. Apart from the tools, which bring the schemas along. */
export const TOOL_NAMES = [
  "lint",
  "explain_rule",
  "describe_design",
  "propose_change",
  "start_run",
  "control_run",
  "run_status",
  "compare_runs",
] as const;

export type ToolName = (typeof TOOL_NAMES)[number];

/** Name of a tool in the editor, where those of all extensions are in one list. */
export const editorToolName = (name: ToolName): string => `maskdm_${name}`;
