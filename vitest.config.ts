import { defineConfig } from "vitest/config";
import { gpuEnvironment } from "./test/gpuEnvironment.ts";

const telemetry = { ORT_DISABLE_TELEMETRY: "1" };

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          exclude: ["test/unit/webgpu/**"],
          env: telemetry,
        },
      },
      {
        extends: true,
        test: {
          name: "webgpu",
          include: ["test/unit/webgpu/**/*.test.ts"],
          env: { ...telemetry, ...gpuEnvironment() },
          // Compiling for SwiftShader takes its time on a busy machine.
          testTimeout: 240_000,
        },
      },
    ],
    // Native modules (ONNX Runtime, libvips) want a process each, and two cores serve two at a time.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: process.env["CI"] ? ["default"] : ["default"],
  },
});
