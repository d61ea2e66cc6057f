/**
 * The certificate of a drill: JSON, signed with an Ed25519 key that only who can open the repository can derive, and that
 * everybody can check who has its public half, with OpenSSL alone.
 */
import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign, verify } from 'node:crypto';
import { HoldfastError } from '../../kernel/errors.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import type { ComparedTable } from './compare.ts';
import type { QueryResult } from './queries.ts';
import type { Stage } from './report.ts';

export interface Certificate {
  readonly version: 1;
  /** `not-drilled`: it could not take place, which says nothing about the snapshot */
  readonly result: 'proven' | 'differs' | 'not-drilled';
  /** sentences; none when the result is `proven` */
  readonly differences: readonly string[];
  readonly notes: readonly string[];
  readonly repository: string;
  readonly snapshot: {
    readonly id: string;
    readonly time: string;
    readonly hostname: string;
    readonly paths: readonly string[];
    readonly tree: string;
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
function signingKey({ key, config }: Repository): KeyObject {
  const master = Buffer.concat([key.encrypt, key.macK, key.macR]);
  const seed = Buffer.from(hkdfSync('sha256', master, Buffer.from(config.id, 'hex'), label, 32));
  return createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' });
}

/** The public half as 32 bytes in base64. */
export function publicKeyOf(repository: Repository): string {
  const der = createPublicKey(signingKey(repository)).export({ format: 'der', type: 'spki' });
  return der.subarray(publicPrefix.length).toString('base64');
}

/**
 * The text of the file. Its second line is the signature of all the others: taking that line out gives the bytes that
 * were signed, and JSON again.
 */
export function signCertificate(certificate: Certificate, repository: Repository): string {
  const publicKey = publicKeyOf(repository);
  const text = `${JSON.stringify({ ...certificate, publicKey }, undefined, 1)}\n`;
  const signature = sign(null, Buffer.from(text), signingKey(repository)).toString('base64');
  return text.replace('{\n', () => `{\n "signature": "${signature}",\n`);
}

/**
 * Code `corrupt` when the text is no certificate, was changed, or was signed by another key than the public one given.
 * @param publicKey base64
 */
export function verifyCertificate(text: string, publicKey: string): SignedCertificate {
  const found = signatureLine.exec(text);
  if (!found || found.index !== 2) throw corrupt('this is no certificate of a drill');
  const signed = text.replace(signatureLine, '');
  let value: Certificate & { readonly publicKey: string };
  try {
    value = JSON.parse(signed) as typeof value;
  } catch (cause) {
    throw corrupt('this is no certificate of a drill', cause);
  }
  if (value.publicKey !== publicKey) throw corrupt('the certificate was signed by another repository');
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
