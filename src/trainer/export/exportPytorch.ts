/** A folder that PyTorch alone can draw with: weights, what they were trained for, and one readable module. */
import { join } from "node:path";
import type { RunNetwork } from "../../node/run/runNetwork.ts";
import { torchPackage } from "../torch/torchProgram.ts";
import { drawnNumbers, EXPORTED_BY, jsonText, readmeText, writeTexts, writeWeights } from "./exportedNetwork.ts";
import { pythonModule } from "./pythonModule.ts";

/** @throws UserError where the folder holds something else, or the disk refuses */
export function exportPytorch(network: RunNetwork, folder: string): void {
  writeTexts(folder, {
    "README.md": readmeText(network, USE),
    "config.json": jsonText(config(network)),
    "model.py": pythonModule("exported/plain_model.py", join(torchPackage(), "maskdm_torch")),
  });
  writeWeights(network, join(folder, "model.safetensors"), "");
}

/** Sections of the experiment as the module reads them. */
function config(network: RunNetwork) {
  const { data, model, mask, diffusion, sample, seed } = network.experiment;
  return {
    exportedBy: EXPORTED_BY,
    run: network.weights,
    classes: network.classes,
    data: { image_size: data.image_size, channels: data.channels },
    model,
    mask: { mode: mask.mode, route_from: mask.route_from, fuse_blocks: mask.fuse_blocks },
    diffusion,
    sample: { ...sample, classes: drawnNumbers(network) },
    seed,
  };
}

const USE = `\`\`\`sh
pip install torch safetensors
python model.py --out grid.png --count 16 --seed 0
\`\`\`

\`\`\`python
from model import load_model

model = load_model()                             # a torch.nn.Module
output = model(images, timesteps, labels)        # what it predicts of noisy images [B, C, H, W]
images = model.draw(16, seed=0)                  # [16, C, H, W], about [-1, 1]
\`\`\`

\`model.safetensors\` holds the weights, \`config.json\` the sections of the experiment that decide network, noise and drawing: edit \`sample\` to
draw otherwise. The names of tensors are the published ones; the same seed draws the images of \`maskdm sample\`.
`;
