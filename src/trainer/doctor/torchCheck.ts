/** Whether the PyTorch engine can train here, and on what. */
import type { TorchAbout } from "../../core/torch/about.ts";
import { askTorch, findTorch } from "../torch/findTorch.ts";

export interface TorchCheck {
  readonly works: boolean;
  /** path of the Python; null: none that can train */
  readonly python: string | null;
  readonly pythonVersion: string | null;
  /** of PyTorch */
  readonly version: string | null;
  readonly devices: TorchAbout["devices"];
  /** why it does not work, or not on the card that there is, and what to do about it; null: it does */
  readonly reason: string | null;
  readonly remedy: string | null;
}

/** Asks the Pythons anew, whatever was found out before. @throws the signal's reason, where that ended it */
export async function checkTorch(signal?: AbortSignal): Promise<TorchCheck> {
  const search = await findTorch(askTorch, signal);
  if (!search.found) {
    const { reason, remedy } = search;
    return { works: false, python: null, pythonVersion: null, version: null, devices: [], reason, remedy };
  }
  const { python, about } = search;
  return {
    ...{ works: true, python, pythonVersion: about.python, version: about.torch, devices: about.devices },
    ...{ reason: about.noDevice?.reason ?? null, remedy: about.noDevice?.remedy ?? null },
  };
}
