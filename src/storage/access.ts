/** A storage as a configuration names it: where it lies, and where what opens it is to be had when it is opened. */
import type { Context } from '../kernel/context.ts';
import { readSecret, type SecretReference } from '../kernel/secret.ts';
import { openStorage, type OpenStorageOptions } from './open.ts';
import type { Storage } from './storage.ts';

export interface StorageAccess {
  /** names it in messages */
  readonly name: string;
  readonly location: string;
  /** what is absent is looked for in the environment */
  readonly credentials: AccessCredentials;
  readonly options: Omit<OpenStorageOptions, 'environment' | 'credentials' | 'onRetry' | 'clock' | 'random'>;
}

interface AccessCredentials {
  readonly user?: string | undefined;
  readonly password?: SecretReference | undefined;
  /** path of a private key, for SFTP */
  readonly keyFile?: string | undefined;
  readonly keyPassphrase?: SecretReference | undefined;
  /** for S3 */
  readonly accessKey?: SecretReference | undefined;
  readonly secretKey?: SecretReference | undefined;
  readonly sessionToken?: SecretReference | undefined;
}

/** Reads the secrets, and opens the storage as `openStorage` does. Codes of both; `not-found`, `failed`. */
export function openAccess(
  access: StorageAccess,
  environment: Readonly<Record<string, string | undefined>>,
  context: Context,
): Promise<Storage> {
  return openAccessAs(openStorage, access, environment, context);
}

/** The same for what else can be opened of a location. */
export async function openAccessAs<Opened>(
  open: (location: string, options: OpenStorageOptions) => Promise<Opened>,
  { name, location, credentials, options }: StorageAccess,
  environment: Readonly<Record<string, string | undefined>>,
  context: Context,
): Promise<Opened> {
  const read = async (reference: SecretReference | undefined, what: string): Promise<string | undefined> =>
    reference && (await readSecret(reference, `the ${what} of ${name}`, environment, context.signal));
  const accessKey = await read(credentials.accessKey, 'access key');
  const secretKey = await read(credentials.secretKey, 'secret key');
  const sessionToken = await read(credentials.sessionToken, 'session token');
  const own = accessKey !== undefined || secretKey !== undefined;
  return open(location, {
    ...options,
    environment: {
      ...environment,
      ...(accessKey !== undefined && { AWS_ACCESS_KEY_ID: accessKey }),
      ...(secretKey !== undefined && { AWS_SECRET_ACCESS_KEY: secretKey }),
      // a token of the environment belongs to the keys of the environment
      ...((own || sessionToken !== undefined) && { AWS_SESSION_TOKEN: sessionToken }),
    },
    credentials: {
      user: credentials.user,
      password: await read(credentials.password, 'login password'),
      keyFile: credentials.keyFile,
      keyPassphrase: await read(credentials.keyPassphrase, 'passphrase of the key'),
    },
    onRetry: (message, wait) => context.warn(`${message}, trying again in ${(wait / 1000).toFixed(1)} s`),
  });
}
