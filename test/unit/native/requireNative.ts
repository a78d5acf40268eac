/** Whether the kernels are built here; says so where tests are skipped. */
import { findCompiler } from "../../../scripts/native/compiler.ts";
import { ownTarget } from "../../../scripts/package/targets.ts";
import { loadAddon } from "../../../src/trainer/engine/native/addon.ts";

/** @throws Error where a compiler is here, which should have built them */
export function requireNative(): boolean {
  try {
    loadAddon();
    return true;
  } catch (error) {
    const message = `${error instanceof Error ? error.message : error}; \`npm run native\` builds it`;
    const target = ownTarget();
    if (target && findCompiler(target).found) throw new Error(message);
    console.warn(`skipped: ${message}`);
    return false;
  }
}
