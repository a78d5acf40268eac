/** Values of engine.backend: torch is the PyTorch engine, a program of its own; the others are backends of this program's engine. */
export const BACKEND_CHOICES = ["auto", "native", "onnx", "onnx-webgpu", "tfjs", "torch"] as const;

export type WantedBackend = (typeof BACKEND_CHOICES)[number];
/** What this program's own engine can be asked for. */
export type OwnBackend = Exclude<WantedBackend, "torch">;
export const OWN_BACKEND_CHOICES = BACKEND_CHOICES.filter((name): name is OwnBackend => name !== "torch");
