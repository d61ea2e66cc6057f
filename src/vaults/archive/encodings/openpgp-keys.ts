/** OpenPGP keys from files: certificates that can be encrypted for, and private keys unlocked with their passphrase. */
import { readFile } from 'node:fs/promises';
import {
  decryptKey,
  type Key,
  type PrivateKey,
  readKeys,
  readPrivateKeys as parsePrivateKeys,
} from 'openpgp';
import { HoldfastError, messageOf } from '../../../kernel/errors.ts';
import { systemText } from '../../../kernel/native/system-error.ts';
import type { DecodingKeys } from './open.ts';

/**
 * All certificates in these files, binary and without any secret. Code `usage`, naming the key, when one cannot be
 * encrypted for now: it has expired, was revoked, or is for signing alone.
 */
export async function readCertificates(files: readonly string[]): Promise<readonly Uint8Array[]> {
  const certificates: Uint8Array[] = [];
  for (const file of files) {
    for (const key of await parse(file, readKeys)) {
      await refuseUnfit(key, file);
      certificates.push(key.toPublic().write());
    }
  }
  return certificates;
}

/** All private keys in the files, binary and unlocked. Codes `usage`, `wrong-password`. */
export async function readPrivateKeys(keys: DecodingKeys): Promise<readonly Uint8Array[]> {
  const files = keys.openpgpKeys ?? [];
  if (files.length === 0) {
    throw new HoldfastError('usage', 'an OpenPGP private key is needed to open this', {
      hint: 'name the file of one: gpg --export-secret-keys writes it',
    });
  }
  const unlocked: Uint8Array[] = [];
  for (const file of files) {
    for (const key of await parse(file, parsePrivateKeys)) {
      unlocked.push((key.isDecrypted() ? key : await unlock(key, file, keys)).write());
    }
  }
  return unlocked;
}

async function unlock(privateKey: PrivateKey, file: string, keys: DecodingKeys): Promise<PrivateKey> {
  const passphrase = await keys.passphrase?.();
  if (passphrase === undefined) {
    throw new HoldfastError(
      'usage',
      `the OpenPGP key ${nameOf(privateKey)} in ${file} is locked, and there is no passphrase for it`,
    );
  }
  return decryptKey({ privateKey, passphrase }).catch((cause: unknown) => {
    const wrong = /incorrect key passphrase/i.test(messageOf(cause));
    throw new HoldfastError(
      wrong ? 'wrong-password' : 'unsupported',
      wrong
        ? `the passphrase does not unlock the OpenPGP key ${nameOf(privateKey)}`
        : `the OpenPGP key ${nameOf(privateKey)} cannot be unlocked: ${messageOf(cause)}`,
      { cause },
    );
  });
}

type Reader<K> = (input: never) => Promise<K[]>;

async function parse<K extends Key>(file: string, read: Reader<K>): Promise<readonly K[]> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new HoldfastError('usage', `the key file ${file} cannot be read: ${systemText(cause)}`, { cause });
  });
  const text = bytes.toString('latin1').trimStart();
  const armored = text.startsWith('-----BEGIN PGP');
  const input = armored ? { armoredKeys: text } : { binaryKeys: new Uint8Array(bytes) };
  const wanted = (read as unknown) === readKeys ? 'certificate' : 'private key';
  const found = await read(input as never).catch((cause: unknown) => {
    throw new HoldfastError('usage', `${file} has no OpenPGP ${wanted}: ${messageOf(cause)}`, { cause });
  });
  if (found.length === 0) throw new HoldfastError('usage', `${file} has no OpenPGP ${wanted}`);
  return found;
}

async function refuseUnfit(key: Key, file: string): Promise<void> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new HoldfastError('usage', `the OpenPGP key ${nameOf(key)} in ${file} ${why}`, { cause });
  };
  if (await key.isRevoked()) refuse('was revoked');
  const expires = await key.getExpirationTime().catch(() => null);
  if (expires instanceof Date && expires <= new Date())
    refuse(`expired on ${expires.toISOString().slice(0, 10)}`);
  try {
    await key.getEncryptionKey();
  } catch (cause) {
    refuse(`cannot be encrypted for: ${await whyNot(key, cause)}`, cause);
  }
}

/** Why no part of a key that is valid can be encrypted for. */
async function whyNot(key: Key, cause: unknown): Promise<string> {
  for (const subkey of key.subkeys) {
    const expires = await subkey.getExpirationTime().catch(() => null);
    if (expires instanceof Date && expires <= new Date()) {
      return `its subkey expired on ${expires.toISOString().slice(0, 10)}`;
    }
  }
  const said = messageOf(cause);
  return /could not find valid encryption key packet/i.test(said) ? 'it is for signing alone' : said;
}

/** `1234ABCD... (Ada <ada@example.org>)` */
function nameOf(key: Key): string {
  const [user] = key.getUserIDs();
  const fingerprint = key.getFingerprint().toUpperCase();
  return user === undefined ? fingerprint : `${fingerprint} (${user})`;
}
