/** Whom TLS connections to storages trust, and what they show of themselves. */
import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { HoldfastError, messageOf } from '../kernel/errors.ts';
import { systemText } from '../kernel/native/system-error.ts';

export interface TlsOptions {
  /** PEM files of authorities that are trusted besides the usual ones */
  readonly caFiles: readonly string[];
  /** PEM file with certificate and key of this client */
  readonly clientCertificateFile?: string | undefined;
  readonly insecureTls?: boolean | undefined;
  /** trust the authorities of this machine, too; reading them takes a tenth of a second */
  readonly systemAuthorities: boolean;
}

interface TlsSettings {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: boolean;
}

/** For `tls.connect` and all that is built on it. Code `usage` for files that cannot be used. */
export function tlsSettings(options: TlsOptions): TlsSettings {
  const extra = options.caFiles.map((path) => readPem(path, 'certificate authority'));
  const system = options.systemAuthorities ? getCACertificates('system') : [];
  const client =
    options.clientCertificateFile === undefined ? {} : readClientCertificate(options.clientCertificateFile);
  try {
    const secureContext = createSecureContext({
      ca: [...getCACertificates('default'), ...system, ...extra],
      ...client,
    });
    return { secureContext, rejectUnauthorized: options.insecureTls !== true };
  } catch (cause) {
    throw new HoldfastError('usage', `a certificate file cannot be used: ${messageOf(cause)}`, {
      hint: 'it must be in PEM format',
      cause,
    });
  }
}

function readClientCertificate(path: string): { cert: string; key: string } {
  const pem = readPem(path, 'client certificate');
  return { cert: pem, key: pem };
}

function readPem(path: string, what: string): string {
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new HoldfastError('usage', `the ${what} file ${path} cannot be read: ${systemText(cause)}`, {
      hint: 'it must be a file in PEM format that this user may read',
      cause,
    });
  }
  if (!text.includes('-----BEGIN ')) {
    throw new HoldfastError('usage', `the ${what} file ${path} is not in PEM format`);
  }
  return text;
}
