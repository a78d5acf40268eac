/**
 * The commands that may be a Python: the one that MASKDM_PYTHON names (then no other is tried), else `others`, else those on the PATH.
 */
export function pythonCommands(others: readonly string[] = [], env: NodeJS.ProcessEnv = process.env): string[] {
  const named = env["MASKDM_PYTHON"];
  return named !== undefined && named !== "" ? [named] : [...others, "python3", "python"];
}
