import { join } from "node:path";
import { runCommand } from "./command.ts";

/**
 * Installs a packaged extension, as "Install from VSIX…" does.
 * @throws Error with what the server's command line says, where it refuses
 */
export async function installVsix(server: string, vsix: string, extensionsFolder: string, data: string): Promise<void> {
  await runCommand(process.execPath, [
    join(server, "out/server-main.js"),
    ...["--install-extension", vsix, "--force"],
    ...["--extensions-dir", extensionsFolder, "--server-data-dir", data],
    "--accept-server-license-terms",
  ]);
}
