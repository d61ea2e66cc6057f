/** Opens the archive that a command line means. */
import { readFile } from 'node:fs/promises';
import { HoldfastError } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import { readSecret } from '../../kernel/secret.ts';
import type { Archive } from '../../vaults/archive/archive.ts';
import { encodingKinds, encodingNames } from '../../vaults/archive/encodings/encoding.ts';
import type { DecodingKeys, EncodingChoice } from '../../vaults/archive/encodings/open.ts';
import { parseLayout } from '../../vaults/archive/layout/layout.ts';
import type { ArchiveFlags } from '../archive-flags.ts';
import type { ConfiguredArchive } from '../configuration/vault.ts';
import { askPassword, configuredPassword } from '../password.ts';
import { archivePrefix } from '../repository-choice.ts';
import { openChosenStorage, promptOptions } from '../session.ts';
import { parseCount } from '../values.ts';
import type { Invocation } from '../verb.ts';

export async function withArchive<T>(
  invocation: Invocation,
  flags: ArchiveFlags,
  work: (archive: Archive) => Promise<T>,
): Promise<T> {
  const archive = await openArchive(invocation, flags);
  try {
    return await work(archive);
  } finally {
    await archive.storage.close();
  }
}

/** The caller closes its storage. */
export async function openArchive(invocation: Invocation, flags: ArchiveFlags): Promise<Archive> {
  const { vault, repository } = invocation.settings;
  const configured = vault?.kind === 'archive' ? vault : undefined;
  const layout = flags.layout === undefined ? configured?.layout : parseLayout(flags.layout);
  const encode = chosenEncodings(flags, configured);
  const files = flags.identity ?? configured?.identities ?? [];
  const keys = {
    ...(await decodingKeys(files)),
    passphrase: () => passphraseOf(invocation, configured),
  };
  const location = repository!.slice(archivePrefix.length);
  if (location === '') {
    throw new HoldfastError('usage', 'the archive has no location', {
      hint: 'write it as archive:/backups or archive:s3:https://host/bucket/prefix',
    });
  }
  const storage = await openChosenStorage(invocation, location);
  const { retryLock } = invocation.settings;
  return { storage, layout, encode, keys, zone: configured?.zone, versions: configured?.versions, retryLock };
}

/** What flags say wins over the configuration. */
function chosenEncodings(
  { encode, recipient }: ArchiveFlags,
  configured: ConfiguredArchive | undefined,
): EncodingChoice[] {
  const { recipients = [], encode: own = ['gzip'] } = configured ?? {};
  const choices = parseEncodings(encode ?? own, recipient ?? recipients);
  if (recipient && !choices.some(({ name }) => encodingKinds[name].encrypts)) {
    throw new HoldfastError('usage', '--recipient goes with --encode openpgp or age');
  }
  return choices;
}

const highestLevels = { gzip: 9, zstd: 19 };

/** `gzip`, `zstd:19`, `none`. Code `usage`. */
export function parseEncodings(texts: readonly string[], recipients: readonly string[]): EncodingChoice[] {
  const choices = texts
    .filter((text) => text !== 'none')
    .map((text): EncodingChoice => {
      const [name = '', level] = text.split(':');
      const known = encodingNames.find((one) => one === name);
      if (!known) {
        throw new HoldfastError(
          'usage',
          `--encode: "${name}" is not one of none, ${encodingNames.join(', ')}`,
        );
      }
      if (level !== undefined && known !== 'gzip' && known !== 'zstd') {
        throw new HoldfastError('usage', `--encode: ${known} has no levels`);
      }
      if (known === 'openpgp' || known === 'age') return { name: known, recipients };
      if (level === undefined || known === 'lz4') return { name: known };
      const count = parseCount(level, '--encode', 1);
      if (count > highestLevels[known]) {
        throw new HoldfastError(
          'usage',
          `--encode: levels of ${known} are 1 to ${highestLevels[known]}, not ${count}`,
        );
      }
      return { name: known, level: count };
    });
  const encrypts = choices.some(({ name }) => encodingKinds[name].encrypts);
  if (encrypts && recipients.length === 0) {
    throw new HoldfastError('usage', 'what is encrypted needs somebody who can open it', {
      hint: 'name them with --recipient',
    });
  }
  return choices;
}

/** What the files open, by what they look like. */
export async function decodingKeys(
  files: readonly string[],
): Promise<Pick<DecodingKeys, 'openpgpKeys' | 'ageIdentities'>> {
  const openpgpKeys: string[] = [];
  const ageIdentities: string[] = [];
  for (const file of files) {
    const text = await readFile(file, 'latin1').catch((error: unknown) => {
      throw fromNodeError('read', Buffer.from(file), error);
    });
    const isAge =
      text.includes('AGE-SECRET-KEY-') ||
      text.startsWith('age-encryption.org/') ||
      text.includes('AGE ENCRYPTED FILE');
    (isAge ? ageIdentities : openpgpKeys).push(file);
  }
  return { openpgpKeys, ageIdentities };
}

async function passphraseOf(
  invocation: Invocation,
  configured: ConfiguredArchive | undefined,
): Promise<string> {
  if (configured?.passphrase) {
    const { environment, context } = invocation;
    return readSecret(
      configured.passphrase,
      `the passphrase of ${configured.name}`,
      environment,
      context.signal,
    );
  }
  const bytes =
    (await configuredPassword(invocation.settings)) ??
    (await askPassword('enter the passphrase of the key: ', promptOptions(invocation)));
  return Buffer.from(bytes).toString();
}
