import { runTool, type ToolOptions } from "../tools/runTool.ts";

/** Version of NVIDIA's driver by its own tool, such as "550.54.15"; null: there is none that works. */
export async function nvidiaDriver(options: ToolOptions): Promise<string | null> {
  const result = await runTool("nvidia-smi", ["--query-gpu=driver_version", "--format=csv,noheader"], {
    ...options,
    limitMinutes: 0.5,
  });
  return result.ok ? (/^\d+(\.\d+)+/.exec(result.stdout.trim())?.[0] ?? null) : null;
}
