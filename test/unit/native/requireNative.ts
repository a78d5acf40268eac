/** Whether the kernels are built here; says so where tests are skipped. */
import { loadAddon } from "../../../src/trainer/engine/native/addon.ts";

export function requireNative(): boolean {
  try {
    loadAddon();
    return true;
  } catch (error) {
    console.warn(`skipped: ${error instanceof Error ? error.message : error}; \`npm run native\` builds it`);
    return false;
  }
}
