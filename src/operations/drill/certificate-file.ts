/** Where certificates are kept: two files each, the signed one and one to be read. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import { type Certificate, signCertificate } from './certificate.ts';
import { certificateText } from './certificate-text.ts';

/** The paths of the signed JSON and of the text. Makes the folder. Code `failed`, with what the system says. */
export async function writeCertificate(
  folder: string,
  certificate: Certificate,
  key: KeyObject | undefined,
): Promise<{ readonly json: string; readonly text: string }> {
  const time = certificate.drill.finished.replaceAll(/[:-]|\.\d+/g, '');
  const base = join(folder, `drill-${time}-${certificate.snapshot.id.slice(0, 8)}`);
  const files = { json: `${base}.json`, text: `${base}.txt` };
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeWhole(files.text, certificateText(certificate, key !== undefined));
    await writeWhole(files.json, signCertificate(certificate, key));
    await using directory = await open(folder);
    await directory.sync();
  } catch (cause) {
    throw new HoldfastError('failed', `the certificate cannot be written to ${folder}: ${messageOf(cause)}`, {
      hint: 'name a folder with --certificate',
      cause,
    });
  }
  return files;
}

/** Code `not-found`, `forbidden`. */
export async function readCertificateFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw fromNodeError('read', Buffer.from(path), error);
  });
}

/** An Ed25519 key in PEM, as `openssl genpkey -algorithm ed25519` writes it. Codes `usage`, `not-found`, `forbidden`. */
export async function readSigningKey(path: string): Promise<KeyObject> {
  const hint = '`openssl genpkey -algorithm ed25519 -out FILE` makes one';
  let key: KeyObject;
  try {
    key = createPrivateKey(await readCertificateFile(path));
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw new HoldfastError('usage', `${path} has no private key that could be read`, { hint, cause });
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new HoldfastError('usage', `${path} is a key of ${key.asymmetricKeyType}, and not of Ed25519`, {
    hint,
  });
}

/** Answers to queries may be nobody else's business. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}`;
  try {
    await using file = await open(temporary, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await rename(temporary, path);
}
