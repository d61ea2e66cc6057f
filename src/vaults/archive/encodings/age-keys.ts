/** Recipients and identities of age, from settings and files, and headers made and opened with them. */
import { readFile } from 'node:fs/promises';
import { Decrypter, Encrypter, armor } from 'age-encryption';
import { HoldfastError, messageOf } from '../../../kernel/errors.ts';
import { systemText } from '../../../kernel/native/system-error.ts';
import type { DecodingKeys } from './open.ts';

/** bytes after the header of an empty file: a nonce and an empty chunk */
const emptyContent = 32;

export interface SealedHeader {
  readonly header: Uint8Array;
  readonly fileKey: Uint8Array;
}

/** All recipients that the settings name, `age1...` or a file of such lines, each known to be good. Code `usage`. */
export async function recipientsOf(settings: readonly string[]): Promise<readonly string[]> {
  const recipients: string[] = [];
  for (const setting of settings) {
    const lines =
      setting.startsWith('age1') || setting.startsWith('ssh-') ? [setting] : await readLines(setting);
    if (lines.length === 0) throw new HoldfastError('usage', `${setting} has no age recipient`);
    for (const line of lines) checkRecipient(line, lines[0] === setting ? undefined : setting);
    recipients.push(...lines);
  }
  const hybrid = recipients.filter((recipient) => /^age1(?:tag)?pq1/.test(recipient));
  if (hybrid.length > 0 && hybrid.length < recipients.length) {
    throw new HoldfastError(
      'usage',
      'age recipients that resist quantum computers cannot stand with others',
      {
        hint: 'whoever opens one of the others would open all',
      },
    );
  }
  return recipients;
}

/** A new file key and the header in which every recipient finds it. */
export async function sealHeader(recipients: readonly string[]): Promise<SealedHeader> {
  if (recipients.length === 0) throw new HoldfastError('usage', 'age needs a recipient to encrypt for');
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  let fileKey = new Uint8Array(0);
  encrypter.addRecipient({
    wrapFileKey(key) {
      fileKey = key.slice();
      return [];
    },
  });
  const empty = await encrypter.encrypt(new Uint8Array(0));
  return { header: empty.subarray(0, -emptyContent), fileKey };
}

/** Secret lines of identity files, those that are locked opened with the passphrase. Codes `usage`, `wrong-password`. */
export async function identitiesOf(keys: DecodingKeys): Promise<readonly string[]> {
  const files = keys.ageIdentities ?? [];
  if (files.length === 0) {
    throw new HoldfastError('usage', 'an age identity is needed to open this', {
      hint: 'name the identity file of one of its recipients',
    });
  }
  const identities: string[] = [];
  for (const file of files) {
    const lines = linesOf(await openIdentityFile(await readKeyFile(file), file, keys));
    const fault = lines.find((line) => !line.startsWith('AGE-SECRET-KEY-'));
    if (fault !== undefined || lines.length === 0) {
      const what = lines.some((line) => line.includes('OPENSSH PRIVATE KEY'))
        ? 'an ssh key, which'
        : 'something that';
      throw new HoldfastError('usage', `the age identity file ${file} has ${what} is no age identity`);
    }
    identities.push(...lines);
  }
  return identities;
}

/** The file key in a header. Codes `corrupt`, `wrong-password`. */
export async function openHeader(header: Uint8Array, identities: readonly string[]): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  try {
    for (const identity of identities) decrypter.addIdentity(identity);
  } catch (cause) {
    throw new HoldfastError('usage', 'an age identity is malformed', { cause });
  }
  try {
    return await decrypter.decryptHeader(header);
  } catch (cause) {
    if (messageOf(cause).includes('no identity matched')) {
      throw new HoldfastError('wrong-password', 'none of the age identities opens this');
    }
    throw new HoldfastError('corrupt', `the age data is damaged: ${messageOf(cause)}`, { cause });
  }
}

function checkRecipient(recipient: string, file: string | undefined): void {
  const where = file === undefined ? '' : ` in ${file}`;
  if (recipient.startsWith('AGE-SECRET-KEY-')) {
    throw new HoldfastError('usage', `there is an age identity${where}, where recipients are asked for`, {
      hint: 'age-keygen -y prints the recipient of an identity',
    });
  }
  if (recipient.startsWith('ssh-')) {
    throw new HoldfastError(
      'usage',
      `ssh keys cannot be age recipients here: ${recipient.split(' ')[0]}${where}`,
      {
        hint: 'age-keygen makes a key of its own',
      },
    );
  }
  try {
    new Encrypter().addRecipient(recipient);
  } catch (cause) {
    throw new HoldfastError('usage', `${recipient}${where} is no age recipient: ${messageOf(cause)}`, {
      cause,
    });
  }
}

async function openIdentityFile(bytes: Uint8Array, file: string, keys: DecodingKeys): Promise<string> {
  const text = Buffer.from(bytes).toString();
  const armored = text.startsWith('-----BEGIN AGE ENCRYPTED FILE-----');
  if (!armored && !text.startsWith('age-encryption.org/')) return text;
  const passphrase = await keys.passphrase?.();
  if (passphrase === undefined) {
    throw new HoldfastError(
      'usage',
      `the age identity file ${file} is locked, and there is no passphrase for it`,
    );
  }
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    return await decrypter.decrypt(armored ? armor.decode(text) : bytes, 'text');
  } catch (cause) {
    throw new HoldfastError('wrong-password', `the passphrase does not open the age identity file ${file}`, {
      cause,
    });
  }
}

async function readLines(file: string): Promise<readonly string[]> {
  return linesOf(Buffer.from(await readKeyFile(file)).toString());
}

function linesOf(text: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

async function readKeyFile(file: string): Promise<Uint8Array> {
  return readFile(file).catch((cause: unknown) => {
    throw new HoldfastError('usage', `the key file ${file} cannot be read: ${systemText(cause)}`, { cause });
  });
}
