/** Finds the secret of masking where a reference says it is; it never stands in a rules file or on a command line. */
import { HoldfastError } from '../../kernel/errors.ts';
import { parseSecretReference, readSecret, secretForms } from '../../kernel/secret.ts';
import { createMaskingKey, type MaskingKey } from './keyed-functions.ts';

/**
 * The key behind `env:NAME`, `file:PATH` or `command:COMMAND` (run by the shell), without white space around it. Codes
 * `usage`, `not-found`, `failed`, `interrupted`; no message repeats the secret.
 */
export async function readMaskingKey(
  reference: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): Promise<MaskingKey> {
  const parsed = parseSecretReference(reference);
  if (!parsed) throw new HoldfastError('usage', `the masking key is to be given as ${secretForms}`);
  return createMaskingKey(Buffer.from(await readSecret(parsed, 'the masking key', environment, signal)));
}
