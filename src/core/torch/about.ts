/** What a Python says of itself: `python -m maskdm_torch --version --json` (src/torch/maskdm_torch/about.py). */
import * as z from "zod";

/** What is wrong, without a full stop, and what to do about it, in sentences. */
const adviceSchema = z.object({ reason: z.string(), remedy: z.string() });
export type TorchAdvice = z.output<typeof adviceSchema>;

export const torchAboutSchema = z.object({
  /** version of the package */
  maskdmTorch: z.string(),
  python: z.string(),
  /** the interpreter itself, where a shim or a link was asked */
  executable: z.string(),
  /** folders whose time of change tells that something was installed */
  sitePackages: z.array(z.string()),
  /** version of PyTorch; null where it is missing or does not load */
  torch: z.string().nullable(),
  /** what is taken before the processor */
  devices: z.array(
    z.object({ kind: z.enum(["cuda", "metal"]), name: z.string(), memoryBytes: z.number().nonnegative() }),
  ),
  /** why nothing can be trained with it; null: it can be */
  problem: adviceSchema.nullable(),
  /** why a graphics card that is there cannot be used */
  noDevice: adviceSchema.nullable(),
});
export type TorchAbout = z.output<typeof torchAboutSchema>;

/** What computes, such as "PyTorch 2.8.0 on NVIDIA H100". */
export function torchName({ torch, devices }: Pick<TorchAbout, "torch" | "devices">): string {
  const more = devices.length > 1 ? ` and ${devices.length - 1} more` : "";
  return `PyTorch ${torch} on ${devices[0] === undefined ? "the processor" : `${devices[0].name}${more}`}`;
}
