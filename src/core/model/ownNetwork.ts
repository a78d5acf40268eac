/** A user's own network, a class in Python that the PyTorch engine trains (docs/own-network.md). Nothing is known of it here. */
import { UserError } from "../errors.ts";
import type { Backbone } from "./backbone.ts";

/** `module:Class`, as `model.backbone` names it. */
export const OWN_NETWORK_NAME = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$/;

export const isOwnNetwork = (backbone: string): boolean => OWN_NETWORK_NAME.test(backbone);

/** @throws UserError: what it computes is known to Python alone */
export function requireStudioNetwork({ backbone }: { readonly backbone: string }): void {
  if (!isOwnNetwork(backbone)) return;
  throw new UserError(
    `model.backbone ${backbone} is a network in Python, which the PyTorch engine alone computes. Set engine.backend to torch; maskdm doctor --install-torch installs it.`,
  );
}

/** What an experiment's keys mean to it: they are handed to the class as they are. */
export const ownNetwork: Backbone = {
  summary: "",
  unusedKeys: ["output_conv"],
  widthUnit: () => ({ multiple: 1, why: "" }),
  blocks: (depth) => depth,
  parameters: () => [],
  constants: () => [],
  extraTokens: () => 0,
  timeEmbeddingWidth: ({ embedDim }) => embedDim,
  output: (_, { tokens }) => tokens,
};
