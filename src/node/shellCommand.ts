/** Commands as a message prints them: to be copied into the user's shell and to mean there what was meant. */

/** Characters that no shell of the family takes for anything but themselves. */
const PLAIN = {
  posix: /^(?![=])[\p{L}\p{N}\p{M}_@%+=:,./-]+$/u,
  windows: /^[\p{L}\p{N}\p{M}_+=:./\\-]+$/u,
} as const;

/**
 * One argument as the user's shell reads it back: unchanged where nothing in it has a meaning there, else in quotes.
 * @param platform "win32": PowerShell and cmd.exe; any other: the shells of the POSIX family
 */
export function shellArgument(text: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === "win32") {
    if (PLAIN.windows.test(text)) return text;
    // What double quotes do not hold back in PowerShell; cmd.exe, which knows them alone, has no meaning for $ and `.
    if (/[$`"“”„]/.test(text)) return `'${text.replace(/['‘’‚‛]/g, "$&$&")}'`;
    // Programs take a backslash before the closing quote for an escape.
    return `"${text.replace(/\\+$/, "$&$&")}"`;
  }
  if (PLAIN.posix.test(text)) return text;
  // Written out, so that the message itself does not break the line or speak to the terminal.
  if (/\p{Cc}/u.test(text)) return `$'${text.replace(/['\\]/g, "\\$&").replace(/\p{Cc}/gu, octal)}'`;
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Its UTF-8 bytes as escapes of three octal digits, which a digit after them cannot lengthen. */
const octal = (character: string): string =>
  Array.from(Buffer.from(character), (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");

/** A call of this program as a message prints it, such as `maskdm resume 'runs/my run'`. */
export function maskdmCommand(...args: readonly string[]): string {
  return ["maskdm", ...args.map((arg) => shellArgument(arg))].join(" ");
}
