import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    env: { ORT_DISABLE_TELEMETRY: "1" },
    include: ["test/unit/**/*.test.ts"],
    // Native modules (ONNX Runtime, libvips) want a process each, and two cores serve two at a time.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: process.env["CI"] ? ["default"] : ["default"],
  },
});
