/**
 * What was seen of a database names its tables and counts their rows. Beside an artefact that is encrypted it is
 * encrypted too, for the same recipients: the manifest is in the clear.
 */
import { HoldfastError } from '../../kernel/errors.ts';
import type { Archive } from './archive.ts';
import { type Encoding, encodingKinds } from './encodings/encoding.ts';
import { decodeThrough, encodeThrough, openDecodings } from './encodings/open.ts';
import type { ManifestArtefact } from './manifest.ts';

/** As a manifest keeps it, of an artefact that passes through these. */
export async function sealEvidence(
  encodings: readonly Encoding[],
  evidence: unknown,
  signal: AbortSignal,
): Promise<Pick<ManifestArtefact, 'evidence' | 'sealedEvidence'>> {
  if (evidence === undefined) return {};
  const sealing = encodings.filter(({ name }) => encodingKinds[name].encrypts);
  if (sealing.length === 0) return { evidence };
  const sealed = await gather(encodeThrough(sealing, once(JSON.stringify(evidence)), signal));
  return { sealedEvidence: sealed.toString('base64') };
}

/** Whether there is something that is seen with a key alone, and none was given. */
export function isSealed({ keys }: Archive, known: ManifestArtefact | undefined): boolean {
  const { openpgpKeys = [], ageIdentities = [] } = keys;
  return known?.sealedEvidence !== undefined && openpgpKeys.length + ageIdentities.length === 0;
}

/** Undefined when there is none, or no key is given that could open it. Codes of encodings; `corrupt`. */
export async function openEvidence(
  archive: Archive,
  known: ManifestArtefact | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  const { sealedEvidence, encodings = [], name } = known ?? {};
  if (sealedEvidence === undefined) return known?.evidence;
  if (isSealed(archive, known)) return undefined;
  const { keys } = archive;
  const sealing = encodings.filter((one) => encodingKinds[one].encrypts);
  const opened = await openDecodings(sealing, keys);
  const sealed = Buffer.from(sealedEvidence, 'base64');
  const text = (await gather(decodeThrough(opened, once(sealed), signal))).toString();
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new HoldfastError('corrupt', `what the manifest keeps sealed of ${name} is no JSON`, { cause });
  }
}

async function* once(content: string | Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from(content);
}

async function gather(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bytes, (piece) => piece.slice()));
}
