/** The PyTorch engine as a program: `python -m maskdm_torch`, with the package that came along with this program, so that the two fit. */
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../core/errors.ts";

export const TORCH_MODULE = ["-m", "maskdm_torch"];

/** The folder that holds the package: src/torch of the extension, or of the repository that this program is in. */
export function torchPackage(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const found = join(folder, "src", "torch");
    if (existsSync(join(found, "maskdm_torch", "about.py"))) return found;
    if (dirname(folder) === folder) break;
  }
  throw new UserError(
    "The PyTorch engine (src/torch) did not come with this installation: install it anew.",
    "failure",
  );
}

/** The environment of a Python that runs it. */
export function torchEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const also = env["PYTHONPATH"] ? [env["PYTHONPATH"]] : [];
  return {
    ...env,
    PYTHONPATH: [torchPackage(), ...also].join(delimiter),
    // Not the folder it is started in, where a torch.py or numpy may lie.
    PYTHONSAFEPATH: "1",
    // The run's folder is printed when it exists, not when the buffer is full.
    PYTHONUNBUFFERED: "1",
    PYTHONUTF8: "1",
  };
}
