/** An error whose message is meant for the user: what is wrong, where, and what to do next. Shown without a stack trace. */
export class UserError extends Error {
  override readonly name = "UserError";
  /**
   * @param message one or more plain sentences; names the file and the remedy
   * @param kind input: the user's input is at fault (exit code 2); failure: the work failed (exit code 1)
   */
  constructor(
    message: string,
    readonly kind: "input" | "failure" = "input",
  ) {
    super(message);
  }
}
