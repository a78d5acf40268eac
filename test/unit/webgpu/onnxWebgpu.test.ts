import { testBackend } from "../engine/testBackends.ts";
import { describeGpuBackend } from "./describeGpuBackend.ts";

describeGpuBackend(await testBackend("onnx-webgpu"));
