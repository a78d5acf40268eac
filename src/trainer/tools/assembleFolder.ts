/** A folder of an installation, which appears whole or not at all. */
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { processExists } from "../../node/run/process.ts";

/**
 * Puts a folder together beside its place and moves it there when that is done; what was there before is replaced then.
 * @param assemble fills the folder that it is given
 * @param signal stops it; nothing is left behind then either
 * @throws what `assemble` does, or a UserError where it was stopped
 */
export async function assembleFolder<T>(
  folder: string,
  signal: AbortSignal,
  assemble: (work: string) => Promise<T>,
): Promise<T> {
  const parent = dirname(folder);
  await mkdir(parent, { recursive: true });
  const work = await mkdtemp(join(parent, `.installing-${process.pid}-`));
  try {
    await removeLeftovers(parent);
    const result = await assemble(work);
    await rm(folder, { recursive: true, force: true });
    await rename(work, folder);
    return result;
  } catch (error) {
    if (signal.aborted) throw new UserError("The installation was stopped; nothing of it is left.", "failure");
    throw error;
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** What an installation left that was killed: its process is no more. */
async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = /^\.installing-(\d+)-/.exec(basename(name))?.[1];
    if (pid !== undefined && !processExists(Number(pid)))
      await rm(join(parent, name), { recursive: true, force: true });
  }
}
