import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { ROOT } from "./paths.ts";

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

/**
 * Has this repository's own built extension taken for an installed one. As an extension under development (a payload of the
 * address) it would come with a window that reads "Extension Development Host" and, in this server, without colour themes.
 */
export async function linkExtension(extensionsFolder: string): Promise<void> {
  await linkFolder(ROOT, "maskdm-studio.maskdm-studio", extensionsFolder);
}

/** The same of any folder that holds an extension. @param id publisher and name */
export async function linkFolder(folder: string, id: string, extensionsFolder: string): Promise<void> {
  await mkdir(extensionsFolder, { recursive: true });
  await symlink(folder, join(extensionsFolder, id), "junction");
}
