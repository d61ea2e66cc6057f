/** The error of a drill for which this machine lacks something: it says nothing of the snapshot. */
import { HoldfastError } from '../../kernel/errors.ts';

/** Code `missing-here`. */
export function notHere(
  why: string,
  more: { hint?: string | undefined; cause?: unknown } = {},
): HoldfastError {
  const { hint, cause } = more;
  return new HoldfastError('missing-here', `could not be drilled: ${why}`, {
    ...(hint !== undefined && { hint }),
    cause,
  });
}
