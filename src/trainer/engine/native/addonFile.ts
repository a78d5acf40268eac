/** Folder of the compiled kernels, beside the bundled trainer. */
export const ADDON_FOLDER = "native";

/** Name of the module's file for a platform and an architecture in Node's terms. */
export const addonFile = (platform: string, architecture: string): string => `maskdm-${platform}-${architecture}.node`;
