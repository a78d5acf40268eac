/** The backends that a test can run on here. */
import type { Backend, BackendName } from "../../../src/trainer/engine/backend.ts";
import { BACKEND_NAMES, tryBackend } from "../../../src/trainer/engine/tryBackend.ts";

export interface TestBackend {
  readonly name: BackendName;
  /** null where it does not work */
  readonly backend: Backend | null;
  /** why not */
  readonly reason: string;
}

/** The backends of the processor. Those of a graphics card compile for seconds; test/unit/webgpu is about them. */
export async function testBackends(): Promise<TestBackend[]> {
  const found: TestBackend[] = [];
  for (const name of BACKEND_NAMES) if (!name.endsWith("-webgpu")) found.push(await testBackend(name));
  return found;
}

export async function testBackend(name: BackendName): Promise<TestBackend> {
  const trial = await tryBackend(name, 2);
  return trial.ok ? { name, backend: trial.backend, reason: "" } : { name, backend: null, reason: trial.reason };
}

/** Title of a group of tests on one backend, with the reason where it is skipped. */
export function titleOf({ name, backend, reason }: TestBackend): string {
  return backend ? `${name} (${backend.version})` : `${name}, skipped: ${reason}`;
}
