/** What a user is told of a file that cannot be imported. */
import { Damage } from "../../core/damage.ts";
import { UserError } from "../../core/errors.ts";
import { errorCode } from "../../node/run/files.ts";
import { systemReason } from "../../node/systemReason.ts";

export function inputError(path: string, error: unknown): unknown {
  if (error instanceof Damage) return new UserError(`${path} cannot be imported: ${error.message}.`);
  return errorCode(error) === undefined ? error : new UserError(`${path} cannot be read: ${systemReason(error)}.`);
}
