/** What a client says of a server that does not let it in is for those who know the server: what to look at is added. */
import { hasCode, HoldfastError } from '../../kernel/errors.ts';

export interface EnteringHint {
  /** fits what the client says */
  readonly words: RegExp;
  readonly hint: string;
}

/** Look there when no server answers. */
export const absentHint = 'look at host, port and socket, and whether the server runs there';

/** The same error with the first hint that fits, or as it was. */
export function withEnteringHint(error: unknown, hints: readonly EnteringHint[]): unknown {
  if (!hasCode(error, 'failed') || error.hint !== undefined) return error;
  const found = hints.find(({ words }) => words.test(error.message));
  if (!found) return error;
  const { code, message, retryable } = error;
  return new HoldfastError(code, message, { hint: found.hint, retryable, cause: error });
}
