/**
 * Access keys for S3. Keys in the environment are used as they are; for everything else (profiles, containers, instance
 * roles, web identity) the AWS SDK's providers are loaded, which takes a moment, only when they are needed.
 */
import type { Agent } from 'node:https';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Environment } from '../http/proxy.ts';
import { tlsSettings } from '../tls.ts';
import type { TlsOptions } from '../tls.ts';
import type { Credentials } from './sign.ts';

/** Gets new keys; the SDK's providers have this shape. */
export type CredentialProvider = () => Promise<Credentials>;

export interface CredentialSource {
  /** the keys to sign with now; undefined means that requests are not signed */
  current(): Promise<Credentials | undefined>;
  /** the server says that the keys have expired: get new ones. False when there will be no others. */
  expire(): boolean;
}

/** Keys are renewed this long before they expire, milliseconds. */
const early = 5 * 60_000;

export const anonymous: CredentialSource = {
  current: async () => undefined,
  expire: () => false,
};

/** Keys from `provider`, kept until shortly before they expire; callers at the same time share one call. */
export function cachedCredentials(provider: CredentialProvider, clock: Clock): CredentialSource {
  let kept: Credentials | undefined;
  let pending: Promise<Credentials> | undefined;

  async function renew(): Promise<Credentials> {
    try {
      kept = await provider();
      return kept;
    } catch (error) {
      if (kept?.expires !== undefined && kept.expires > clock.now()) return kept;
      throw error;
    } finally {
      pending = undefined;
    }
  }

  return {
    async current() {
      if (kept !== undefined && (kept.expires === undefined || kept.expires - early > clock.now()))
        return kept;
      return (pending ??= renew());
    },
    expire() {
      const renewable = kept?.expires !== undefined;
      kept = undefined;
      return renewable;
    },
  };
}

/** Keys that the environment holds itself. Code `bad-credentials` when one half is missing. */
export function environmentCredentials(environment: Environment): Credentials | undefined {
  const id = environment['AWS_ACCESS_KEY_ID'] || environment['AWS_ACCESS_KEY'];
  const secret = environment['AWS_SECRET_ACCESS_KEY'] || environment['AWS_SECRET_KEY'];
  if (id && secret) {
    return {
      accessKeyId: id,
      secretAccessKey: secret,
      sessionToken: environment['AWS_SESSION_TOKEN'] || undefined,
    };
  }
  if (id || secret) {
    const [set, missing] = id
      ? ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']
      : ['AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID'];
    throw new HoldfastError('bad-credentials', `${set} is set, but ${missing} is empty`, {
      hint: 'set both, or none to use a profile or a role',
    });
  }
  const minioId = environment['MINIO_ROOT_USER'] || environment['MINIO_ACCESS_KEY'];
  const minioSecret = environment['MINIO_ROOT_PASSWORD'] || environment['MINIO_SECRET_KEY'];
  return minioId && minioSecret ? { accessKeyId: minioId, secretAccessKey: minioSecret } : undefined;
}

/** What servers that give keys out are trusted by. */
export type KeyServerTls = Omit<TlsOptions, 'systemAuthorities' | 'clientCertificateFile'>;

/** The source of keys for `environment`, with the role that restic's variables name, if any. */
export function credentialSource(
  environment: Environment,
  region: string | undefined,
  clock: Clock,
  tls: KeyServerTls,
): CredentialSource {
  const fixed = environmentCredentials(environment);
  if (roleSetting(environment, 'ARN') !== undefined) {
    return cachedCredentials(() => assumeRole(environment, region, fixed, tls), clock);
  }
  if (fixed !== undefined) return { current: async () => fixed, expire: () => false };
  return cachedCredentials(() => fromProviders(region, tls), clock);
}

async function fromProviders(region: string | undefined, tls: KeyServerTls): Promise<Credentials> {
  const { fromNodeProviderChain } = await import('@aws-sdk/credential-providers');
  const clientConfig = { ...(region !== undefined && { region }), ...(await handlerFor(tls, false)) };
  const provider = fromNodeProviderChain({ clientConfig, maxRetries: 1, timeout: 1000 });
  return explained(provider);
}

async function assumeRole(
  environment: Environment,
  region: string | undefined,
  master: Credentials | undefined,
  tls: KeyServerTls,
): Promise<Credentials> {
  const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
  const stsRegion = roleSetting(environment, 'REGION') ?? region ?? 'us-east-1';
  const endpoint = roleSetting(environment, 'STS_ENDPOINT');
  const externalId = roleSetting(environment, 'EXTERNAL_ID');
  const policy = roleSetting(environment, 'POLICY');
  const provider = fromTemporaryCredentials({
    ...(master === undefined ? {} : { masterCredentials: forSdk(master) }),
    params: {
      RoleArn: roleSetting(environment, 'ARN')!,
      RoleSessionName: roleSetting(environment, 'SESSION_NAME') ?? 'holdfast',
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
      ...(policy === undefined ? {} : { Policy: policy }),
    },
    clientConfig: {
      region: stsRegion,
      ...(endpoint !== undefined && { endpoint }),
      ...(await handlerFor(tls, endpoint !== undefined)),
    },
  });
  return explained(provider);
}

/** Nothing where the SDK's own trust will do: that of Node, which Amazon's servers need. */
async function handlerFor(
  tls: KeyServerTls,
  systemAuthorities: boolean,
): Promise<{ requestHandler?: { httpsAgent: Agent } }> {
  if (tls.caFiles.length === 0 && tls.insecureTls !== true && !systemAuthorities) return {};
  const { Agent } = await import('node:https');
  return { requestHandler: { httpsAgent: new Agent(tlsSettings({ ...tls, systemAuthorities })) } };
}

function roleSetting(environment: Environment, name: string): string | undefined {
  return (
    environment[`HOLDFAST_AWS_ASSUME_ROLE_${name}`] ||
    environment[`RESTIC_AWS_ASSUME_ROLE_${name}`] ||
    undefined
  );
}

interface SdkCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

function forSdk({ accessKeyId, secretAccessKey, sessionToken }: Credentials): SdkCredentials {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

async function explained(provider: () => Promise<SdkCredentials>): Promise<Credentials> {
  try {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await provider();
    return { accessKeyId, secretAccessKey, sessionToken, expires: expiration?.getTime() };
  } catch (cause) {
    throw new HoldfastError(
      'bad-credentials',
      `no access key for s3 was found: ${firstLine(messageOf(cause))}`,
      {
        hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or -o s3.unsafe-anonymous-auth=true for a public bucket',
        cause,
      },
    );
  }
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').replace(/\.$/, '');
}
