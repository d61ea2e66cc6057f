/** A job as the runner takes it: plain options, whoever they come from. */
import type { ErrorCode } from '../kernel/errors.ts';
import type { SecretReference } from '../kernel/secret.ts';
import type { ChangeRules } from '../operations/backup/change-rules.ts';
import type { ReadDataSubset } from '../operations/check/subset.ts';
import type { ForgetPolicy } from '../operations/forget-policy.ts';
import type { MaxUnused } from '../operations/prune-plan.ts';
import type { ArtefactChoice } from '../sources/database/artefact.ts';
import type { DatabaseChoices } from '../sources/database/driver.ts';
import type { StorageAccess } from '../storage/access.ts';
import type { VersionWish } from '../storage/storage.ts';
import type { DecodingKeys, EncodingChoice } from '../vaults/archive/encodings/open.ts';
import type { Layout } from '../vaults/archive/layout/layout.ts';
import type { CompressionMode } from '../vaults/repository/worker/compression.ts';
import type { Hooks } from './hooks.ts';
import type { NotifyRecipient } from './notify/notification.ts';

export interface Job {
  readonly name: string;
  /** tells jobs of one name apart: the file that it is defined in */
  readonly origin: string;
  readonly sources: readonly JobSource[];
  /** all sources are backed up as of one time, and tagged with it */
  readonly group: string | undefined;
  readonly vaults: readonly JobVault[];
  /** of the median of its elders, which a new backup must have for anything to be removed */
  readonly minSizeRatio: number;
  /** what this run backs up has the right size, and later runs are compared with it */
  readonly acceptSize: boolean;
  readonly check: { readonly readData: ReadDataSubset | undefined } | undefined;
  readonly drill: JobDrill | undefined;
  /** from the outer ones to the inner ones */
  readonly hooks: readonly Hooks[];
  readonly recipients: readonly NotifyRecipient[];
}

interface SourceCommon {
  readonly name: string;
  readonly hostname: string;
  readonly tags: readonly string[];
  /** of snapshots alone: an archive gets a file in any case */
  readonly skipIfUnchanged: boolean;
}

export interface FilesJobSource extends SourceCommon {
  readonly kind: 'files';
  /** absolute */
  readonly paths: readonly string[];
  readonly excludes: readonly string[];
  readonly insensitiveExcludes: readonly string[];
  readonly includes: readonly string[];
  readonly insensitiveIncludes: readonly string[];
  /** files of patterns */
  readonly excludeFiles: readonly string[];
  readonly excludeIfPresent: readonly string[];
  readonly excludeLargerThan: number | undefined;
  readonly oneFileSystem: boolean;
  readonly sqliteConsistent: boolean;
  readonly rules: ChangeRules;
  readonly withAtime: boolean;
  readonly archiveName: string | undefined;
}

export interface DatabaseJobSource extends SourceCommon {
  readonly kind: 'database';
  readonly url: string;
  readonly password: SecretReference | undefined;
  readonly databases: readonly string[];
  readonly excludeDatabases: readonly string[];
  readonly choices: DatabaseChoices;
  /** file of rules */
  readonly mask: string | undefined;
  /** milliseconds; undefined for no limit */
  readonly stallTimeout: number | undefined;
  /** in place of the server's and the database's; with a server's databases in place of the server's */
  readonly archiveName: string | undefined;
  /** in which a drill wants a table at least */
  readonly drillSchema: string | undefined;
}

export interface CommandJobSource extends SourceCommon {
  readonly kind: 'command';
  readonly command: readonly string[];
  readonly filename: string;
}

export type JobSource = FilesJobSource | DatabaseJobSource | CommandJobSource;

export interface RepositoryJobVault {
  readonly kind: 'repository';
  readonly name: string;
  readonly access: StorageAccess;
  readonly password: SecretReference | undefined;
  readonly keyHint: string | undefined;
  /** make it when it is not there */
  readonly create: boolean;
  readonly compression: CompressionMode;
  /** bytes; undefined for the default */
  readonly packSize: number | undefined;
  /** milliseconds to go on trying for a lock */
  readonly retryLock: number;
  /** the folder of all local caches; undefined for none */
  readonly cacheBase: string | undefined;
  /** what is kept; undefined: everything */
  readonly retention: ForgetPolicy | undefined;
  /** undefined: no prune */
  readonly prune: { readonly maxUnused: MaxUnused } | undefined;
}

export interface ArchiveJobVault {
  readonly kind: 'archive';
  readonly name: string;
  readonly access: StorageAccess;
  /** undefined: as it is, and `dated` for a new one */
  readonly layout: Layout | undefined;
  readonly encode: readonly EncodingChoice[];
  /** for check and drill */
  readonly keys: Omit<DecodingKeys, 'passphrase'>;
  readonly passphrase: SecretReference | undefined;
  /** of the names; that of this machine when undefined */
  readonly zone: string | undefined;
  /** of `latest`, on storages that have versions; nothing is set when false */
  readonly versions: VersionWish | false | undefined;
  /** milliseconds to go on trying while another run writes there */
  readonly retryLock: number;
  /** several dumps of one state of a database; one of plain SQL without any */
  readonly artefacts: readonly JobArtefact[];
  /** what is kept; undefined: everything */
  readonly retention: ForgetPolicy | undefined;
}

/** A dump, whose rules of masking are in a file. */
export interface JobArtefact extends Omit<ArtefactChoice, 'masking'> {
  readonly mask: string | undefined;
}

export type JobVault = RepositoryJobVault | ArchiveJobVault;

export interface JobDrill {
  /** file of SQL with queries and the answers that are expected */
  readonly queries: string | undefined;
  /** folder that certificates are written to */
  readonly certificates: string;
  /** file of the key that signs them; the repository's own when undefined */
  readonly signingKey: string | undefined;
}

export const stepKinds = ['hook', 'backup', 'retention', 'check', 'drill', 'notification'] as const;

/** One thing that a run did, or did not succeed in. */
export interface Step {
  readonly kind: (typeof stepKinds)[number];
  /** `warning`: the data is safe, and something wants to be looked at */
  readonly outcome: 'done' | 'warning' | 'failed';
  /** which source, vault, hook: `shop to main` */
  readonly subject: string;
  /** what became of it, in one line without secrets */
  readonly message: string;
  /** of what failed */
  readonly code?: ErrorCode;
  readonly hint?: string | undefined;
  readonly source?: string;
  readonly vault?: string;
  /** further facts for programs */
  readonly details?: Readonly<Record<string, unknown>>;
}
