/** Values of engine.backend. */
export const BACKEND_CHOICES = ["auto", "native", "onnx", "onnx-webgpu", "tfjs"] as const;
