/**
 * The certificate of a drill: JSON, signed with an Ed25519 key that only who can open the repository can derive, or with
 * one of the user's own, and that everybody can check who has its public half, with OpenSSL alone.
 */
import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign, verify } from 'node:crypto';
import { HoldfastError } from '../../kernel/errors.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import type { ComparedTable } from './compare.ts';
import type { QueryResult } from './queries.ts';
import type { Proof, Stage } from './report.ts';

export interface Certificate {
  readonly version: 1;
  /** `not-drilled`: it could not take place, which says nothing about the snapshot */
  readonly result: 'proven' | 'differs' | 'not-drilled';
  /** of what is proven; older certificates have none */
  readonly proof?: Proof;
  /** sentences; none when the result is `proven` */
  readonly differences: readonly string[];
  readonly notes: readonly string[];
  /** its id */
  readonly repository?: string;
  /** its location; archives have no id */
  readonly archive?: string;
  readonly snapshot: {
    readonly id: string;
    readonly time: string;
    /** unknown of a file of an archive that has no manifest, as the paths are */
    readonly hostname?: string;
    readonly paths: readonly string[];
    /** of a repository */
    readonly tree?: string;
    /** of an archive: the file that was restored, and its SHA-256 as far as that is known */
    readonly file?: string;
    readonly sha256?: string;
  };
  /** `files`, or the kind of database */
  readonly kind: string;
  /** what was backed up: its server and what dumped it */
  readonly source?: { readonly database: string; readonly server: string; readonly dumpedBy: string };
  /** where it was restored */
  readonly drill: {
    readonly program: string;
    readonly hostname: string;
    readonly server?: string;
    readonly dumpedBy?: string;
    readonly started: string;
    readonly finished: string;
    readonly seconds: Readonly<Partial<Record<Stage, number>>>;
  };
  /** how many of what were compared */
  readonly compared: Readonly<Record<string, number>>;
  readonly tables: readonly ComparedTable[];
  readonly queries: readonly QueryResult[];
}

interface SignedCertificate {
  readonly certificate: Certificate;
  /** base64 of the raw 32 bytes of the key that signed it */
  readonly publicKey: string;
}

/** A change here makes all certificates of before unverifiable. */
const label = 'holdfast drill certificate ed25519 v1';
/** What stands before the 32 bytes of an Ed25519 key in its DER form. */
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const publicKeyLength = 32;
const signatureLine = /^ "signature": "([A-Za-z0-9+/]{86}==)",\n/m;

/** The key pair of a repository: HKDF-SHA-256 of its master key, with its id as salt. */
export function signingKeyOf({ key, config }: Repository): KeyObject {
  const master = Buffer.concat([key.encrypt, key.macK, key.macR]);
  const seed = Buffer.from(hkdfSync('sha256', master, Buffer.from(config.id, 'hex'), label, 32));
  return createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' });
}

/** The public half as 32 bytes in base64. */
export function publicKeyOf(key: KeyObject): string {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return der.subarray(publicPrefix.length).toString('base64');
}

/**
 * The text of the file. Its second line is the signature of all the others: taking that line out gives the bytes that
 * were signed, and JSON again. Without a key that line says that there is none.
 */
export function signCertificate(certificate: Certificate, key: KeyObject | undefined): string {
  if (!key) return `${JSON.stringify({ signature: null, ...certificate }, undefined, 1)}\n`;
  const publicKey = publicKeyOf(key);
  const text = `${JSON.stringify({ ...certificate, publicKey }, undefined, 1)}\n`;
  const signature = sign(null, Buffer.from(text), key).toString('base64');
  return text.replace('{\n', () => `{\n "signature": "${signature}",\n`);
}

/**
 * Code `corrupt` when the text is no certificate, was changed, or was signed by another key than the public one given.
 * @param publicKey base64
 */
export function verifyCertificate(text: string, publicKey: string): SignedCertificate {
  const found = signatureLine.exec(text);
  if (text.startsWith('{\n "signature": null,\n')) throw corrupt('the certificate is not signed');
  if (!found || found.index !== 2) throw corrupt('this is no certificate of a drill');
  const signed = text.replace(signatureLine, '');
  let value: Certificate & { readonly publicKey: string };
  try {
    value = JSON.parse(signed) as typeof value;
  } catch (cause) {
    throw corrupt('this is no certificate of a drill', cause);
  }
  if (value.publicKey !== publicKey) throw corrupt('the certificate was signed with another key');
  const raw = Buffer.from(publicKey, 'base64');
  if (raw.length !== publicKeyLength) throw corrupt('the public key is none');
  const key = createPublicKey({ key: Buffer.concat([publicPrefix, raw]), format: 'der', type: 'spki' });
  if (!verify(null, Buffer.from(signed), key, Buffer.from(found[1]!, 'base64'))) {
    throw corrupt('the certificate was changed after it was signed');
  }
  const { publicKey: own, ...certificate } = value;
  return { certificate, publicKey: own };
}

function corrupt(message: string, cause?: unknown): HoldfastError {
  return new HoldfastError('corrupt', message, { cause });
}
