/** What the configuration says of a vault, as those need it who open it. */
import type { EffectiveVault } from '../../config/effective.ts';
import type { ArchiveVault } from '../../config/schema/vault.ts';
import { bytesOf, listOf } from '../../config/schema/value.ts';
import { parseDuration } from '../../kernel/quantity.ts';
import { parseSecretReference, type SecretReference } from '../../kernel/secret.ts';
import type { StorageAccess } from '../../storage/access.ts';
import type { VersionWish } from '../../storage/storage.ts';
import type { Layout } from '../../vaults/archive/layout/layout.ts';
import type { ArtefactChoice } from '../../sources/database/artefact.ts';
import type { CompressionMode } from '../../vaults/repository/worker/compression.ts';

interface Common {
  readonly name: string;
  readonly access: StorageAccess;
  /** milliseconds */
  readonly retryLock: number | undefined;
}

/** What the configuration does not say is undefined. */
export interface ConfiguredRepository extends Common {
  readonly kind: 'repository';
  readonly password: SecretReference | undefined;
  readonly keyHint: string | undefined;
  /** whether a job may make it */
  readonly create: boolean;
  readonly compression: CompressionMode | undefined;
  /** bytes */
  readonly packSize: number | undefined;
  readonly cache: boolean | undefined;
}

export interface ConfiguredArchive extends Common {
  readonly kind: 'archive';
  readonly layout: Layout | undefined;
  /** as after --encode */
  readonly encode: readonly string[] | undefined;
  readonly recipients: readonly string[];
  /** files */
  readonly identities: readonly string[];
  readonly passphrase: SecretReference | undefined;
  readonly artefacts: readonly ConfiguredArtefact[];
  readonly zone: string | undefined;
  /** of `latest`; nothing is set when false */
  readonly versions: VersionWish | false | undefined;
}

/** A dump, whose rules of masking are in a file. */
export interface ConfiguredArtefact extends Omit<ArtefactChoice, 'masking'> {
  readonly mask: string | undefined;
}

export type ConfiguredVault = ConfiguredRepository | ConfiguredArchive;

export function configuredVault(vault: EffectiveVault): ConfiguredVault {
  const { name, settings } = vault;
  if (vault.kind === 'repository') {
    const { settings } = vault;
    return {
      kind: 'repository',
      ...{ name, access: storageAccess(name, settings.repository, settings) },
      password: reference(settings.password),
      keyHint: settings['key-hint'],
      create: settings.create ?? false,
      compression: settings.compression,
      packSize: settings['pack-size'] === undefined ? undefined : settings['pack-size'] * 2 ** 20,
      retryLock: milliseconds(settings['retry-lock']),
      cache: settings.cache,
    };
  }
  return {
    kind: 'archive',
    ...{ name, access: storageAccess(name, vault.settings.archive, settings) },
    layout: vault.settings.layout,
    encode: vault.settings.encode === undefined ? undefined : listOf(vault.settings.encode),
    recipients: listOf(vault.settings.recipients),
    identities: listOf(vault.settings.identities),
    passphrase: reference(vault.settings.passphrase),
    artefacts: listOf(vault.settings.artefacts).map(configuredArtefact),
    zone: vault.settings.zone,
    retryLock: milliseconds(settings['retry-lock']),
    versions: versionWish(vault.settings.versions),
  };
}

type ArtefactSettings = Extract<NonNullable<ArchiveVault['artefacts']>, readonly unknown[]>[number];

function configuredArtefact(settings: ArtefactSettings): ConfiguredArtefact {
  const { format, owner, privileges, clean, mask, 'if-exists': ifExists } = settings;
  const { 'sql-in-name': sqlInName } = settings;
  return {
    ...{ format, mask },
    ...(owner !== undefined && { owner }),
    ...(privileges !== undefined && { privileges }),
    ...(clean !== undefined && { clean }),
    ...(ifExists !== undefined && { ifExists }),
    ...(sqlInName !== undefined && { sqlInName }),
  };
}

function versionWish(settings: ArchiveVault['versions']): VersionWish | false | undefined {
  if (settings === undefined || settings === false) return settings;
  return { count: settings.count ?? 45, days: settings.days ?? 1 };
}

function storageAccess(name: string, location: string, settings: EffectiveVault['settings']): StorageAccess {
  const { credentials = {}, options = {} } = settings;
  const timeout = milliseconds(settings['stuck-request-timeout']);
  return {
    ...{ name, location },
    credentials: {
      user: credentials.user,
      password: reference(credentials.password),
      keyFile: credentials['key-file'],
      keyPassphrase: reference(credentials['key-passphrase']),
      accessKey: reference(credentials['access-key']),
      secretKey: reference(credentials['secret-key']),
      sessionToken: reference(credentials['session-token']),
    },
    options: {
      extended: new Map(Object.entries(options).map(([key, value]) => [key.toLowerCase(), String(value)])),
      ...(settings['limit-upload'] !== undefined && { limitUpload: bytesOf(settings['limit-upload']) }),
      ...(settings['limit-download'] !== undefined && { limitDownload: bytesOf(settings['limit-download']) }),
      caFiles: listOf(settings['ca-files']),
      clientCertificateFile: settings['client-certificate'],
      insecureTls: settings['insecure-tls'] ?? false,
      userAgent: settings['user-agent'],
      ...(timeout !== undefined && { stuckRequestTimeout: timeout }),
    },
  };
}

function reference(text: string | undefined): SecretReference | undefined {
  return text === undefined ? undefined : parseSecretReference(text);
}

function milliseconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text, 'duration');
}
