import type { BuildOptions } from "esbuild";

export const trainerBuild: BuildOptions;
export const workerEntry: Readonly<Record<string, string>>;
