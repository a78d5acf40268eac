/** The button under a message whose remedy it is. */
export const INSTALL_TORCH = { title: "Install PyTorch", command: "maskdm.installTorch" } as const;

export const isSettledByTorch = (message: string): boolean => message.includes("--install-torch");
