import { describeGpuBackend } from "./describeGpuBackend.ts";

await describeGpuBackend("onnx-webgpu");
