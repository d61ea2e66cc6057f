/** The flags that every verb takes, and what they and the environment say together: flags, then HOLDFAST_*, then RESTIC_*. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { HoldfastError } from '../kernel/errors.ts';
import { parseDuration } from '../kernel/quantity.ts';
import type { SecretReference } from '../kernel/secret.ts';
import type { ConfiguredRepository, ConfiguredVault } from './configuration/vault.ts';
import type { Environment } from './environment.ts';
import { setting, settings } from './environment.ts';
import { collect, collectSplit, parseChoice, parseCount } from './values.ts';

export const compressionModes = ['auto', 'off', 'fastest', 'better', 'max'] as const;
export type CompressionMode = (typeof compressionModes)[number];

/** Where a repository lies and what opens it, before anything was read or asked. */
export interface RepositoryChoice {
  readonly repository: string | undefined;
  readonly repositoryFile: string | undefined;
  readonly passwordFile: string | undefined;
  readonly passwordCommand: string | undefined;
  /** straight from the environment; never on the command line */
  readonly password: string | undefined;
  /** where the configuration says that it is */
  readonly passwordReference?: SecretReference | undefined;
  readonly insecureNoPassword: boolean;
  readonly keyHint: string | undefined;
  /** what the configuration says of the vault that was named; its location is `repository` then */
  readonly vault?: ConfiguredVault | undefined;
}

export interface GlobalSettings extends RepositoryChoice {
  /** all that flags name, in their order */
  readonly repositories: readonly string[];
  /** 0 quiet, 1 as usual, 2 verbose, 3 very verbose */
  readonly verbosity: 0 | 1 | 2 | 3;
  readonly json: boolean;
  /** a file or folder of configuration, by flag */
  readonly configuration: string | undefined;
  /** false: no lock is taken, for repositories that cannot be written */
  readonly lock: boolean;
  /** milliseconds to go on trying for a lock */
  readonly retryLock: number;
  readonly cache: boolean;
  readonly cacheDirectory: string | undefined;
  readonly cleanupCache: boolean;
  readonly compression: CompressionMode;
  /** bytes; undefined for the default */
  readonly packSize: number | undefined;
  /** bytes a second; 0 is no limit */
  readonly limitUpload: number;
  readonly limitDownload: number;
  readonly caFiles: readonly string[];
  readonly clientCertificateFile: string | undefined;
  readonly insecureTls: boolean;
  readonly userAgent: string | undefined;
  /** milliseconds */
  readonly stuckRequestTimeout: number;
  /** the values of -o, `s3.region` and the like */
  readonly extended: ReadonlyMap<string, string>;
  /** flags that are taken for restic's sake and change nothing */
  readonly ignored: readonly string[];
}

interface RawOptions {
  config?: string;
  repo?: string[];
  repositoryFile?: string;
  passwordFile?: string;
  passwordCommand?: string;
  insecureNoPassword?: boolean;
  keyHint?: string;
  quiet?: boolean;
  verbose?: number;
  lock?: boolean;
  retryLock?: string;
  json?: boolean;
  cache?: boolean;
  cacheDir?: string;
  cleanupCache?: boolean;
  cacert?: string[];
  tlsClientCert?: string;
  insecureTls?: boolean;
  compression?: string;
  extraVerify?: boolean;
  packSize?: string;
  limitUpload?: string;
  limitDownload?: string;
  option?: string[];
  httpUserAgent?: string;
  stuckRequestTimeout?: string;
}

const countUp = (_: string, previous: number | undefined): number => (previous ?? 0) + 1;

/** Under this heading the help shows the flags of every verb, and by it they are told from a verb's own. */
export const globalHeading = 'Flags of every verb:';

/** New Option objects each time: commander keeps state in them. */
export function globalOptions(): Option[] {
  return [
    new Option(
      '-r, --repo <repository>',
      'repository or archive:LOCATION, or the name of a vault (default: $HOLDFAST_REPOSITORY)',
    ).argParser(collect),
    new Option('--config <file>', 'configuration, a file or a folder (default: $HOLDFAST_CONFIG)'),
    new Option('--repository-file <file>', 'file that holds the repository location'),
    new Option('-p, --password-file <file>', 'file that holds the password'),
    new Option('--password-command <command>', 'command that prints the password'),
    new Option('--insecure-no-password', 'use an empty password (insecure)'),
    new Option('--key-hint <key>', 'id of the key to try first'),
    new Option('-q, --quiet', 'print errors and results only'),
    new Option('-v, --verbose', 'print more; twice, or --verbose=2, prints most').argParser(countUp),
    new Option('--json', 'print JSON instead of text'),
    new Option('--no-lock', 'do not lock the repository, for repositories that cannot be written'),
    new Option('--retry-lock <duration>', 'go on trying to lock for this long, like 5m or 2h'),
    new Option('--cache-dir <directory>', 'directory of the local cache'),
    new Option('--no-cache', 'do without the local cache'),
    new Option('--cleanup-cache', 'remove caches that were not used for long'),
    new Option('--compression <mode>', 'auto, off, fastest, better or max'),
    new Option('--pack-size <MiB>', 'target size of packs, in MiB'),
    new Option('--limit-upload <rate>', 'upload at most this many KiB a second'),
    new Option('--limit-download <rate>', 'download at most this many KiB a second'),
    new Option('--cacert <file>', 'PEM file of certificate authorities to trust').argParser(collectSplit),
    new Option('--tls-client-cert <file>', 'PEM file with client certificate and key'),
    new Option('--insecure-tls', 'do not verify TLS certificates (insecure)'),
    new Option('-o, --option <key=value>', 'setting of a storage, like s3.region=eu-west-1').argParser(
      collect,
    ),
    new Option('--http-user-agent <text>', 'user agent of HTTP requests'),
    new Option('--stuck-request-timeout <duration>', 'give up a silent request after this long'),
    new Option('--no-extra-verify', 'accepted and without effect: every blob is verified').hideHelp(),
  ].map((option) => option.helpGroup(globalHeading));
}

/**
 * What holds for `command`; code `usage` for values that make no sense or contradict each other.
 * @param vault the vault that is meant by the name of the repository: flags win over what it says, and it over the
 * environment
 * @param repository the one that is meant where several are named; the last when undefined
 */
export function globalSettings(
  command: Command,
  environment: Environment,
  vault?: ConfiguredVault,
  repository?: string,
): GlobalSettings {
  const given = givenOptions(command);
  const raw = repository === undefined ? given : { ...given, repo: [repository] };
  const named = vault?.kind === 'repository' ? vault : undefined;
  const option = (value: string | undefined, name: string): string | undefined =>
    value ?? setting(environment, name);
  const verbosity = raw.quiet ? 0 : raw.verbose ? (raw.verbose > 1 ? 3 : 2) : 1;
  if (raw.quiet && raw.verbose)
    throw new HoldfastError('usage', '--quiet and --verbose contradict each other');
  const compression = option(raw.compression, 'COMPRESSION');
  const packSize = option(raw.packSize, 'PACK_SIZE');
  const choice = repositoryChoice(raw, environment);
  return {
    ...(vault ? ofVault(choice, vault, raw) : choice),
    repositories: raw.repo ?? [],
    verbosity,
    json: raw.json ?? false,
    configuration: raw.config,
    lock: raw.lock ?? true,
    retryLock:
      raw.retryLock === undefined ? (vault?.retryLock ?? 0) : parseDuration(raw.retryLock, '--retry-lock'),
    cache: raw.cache ?? named?.cache ?? true,
    cacheDirectory: raw.cacheDir,
    cleanupCache: raw.cleanupCache ?? false,
    compression:
      (raw.compression === undefined ? named?.compression : undefined) ??
      (compression ? parseChoice(compression, compressionModes, '--compression') : 'auto'),
    packSize:
      (raw.packSize === undefined ? named?.packSize : undefined) ??
      (packSize ? parsePackSize(packSize) : undefined),
    limitUpload: parseCount(raw.limitUpload ?? '0', '--limit-upload') * 1024,
    limitDownload: parseCount(raw.limitDownload ?? '0', '--limit-download') * 1024,
    caFiles: raw.cacert ?? setting(environment, 'CACERT')?.split(',') ?? [],
    clientCertificateFile: option(raw.tlsClientCert, 'TLS_CLIENT_CERT'),
    insecureTls: raw.insecureTls ?? false,
    userAgent: option(raw.httpUserAgent, 'HTTP_USER_AGENT'),
    stuckRequestTimeout: parseDuration(raw.stuckRequestTimeout ?? '5m', '--stuck-request-timeout'),
    extended: parseExtended(raw.option ?? []),
    ignored: raw.extraVerify === false ? ['--no-extra-verify'] : [],
  };
}

/** What was typed for `command` and the commands above it; the innermost wins, and counts add up. */
function givenOptions(command: Command): RawOptions {
  const given: RawOptions = command.parent ? givenOptions(command.parent) : {};
  const before = given.verbose ?? 0;
  for (const option of command.options) {
    const name = option.attributeName();
    if (command.getOptionValueSource(name) !== 'cli') continue;
    Object.assign(given, { [name]: command.getOptionValue(name) as unknown });
  }
  const own = command.getOptionValueSource('verbose') === 'cli' ? (given.verbose ?? 0) : 0;
  return before + own > 0 ? { ...given, verbose: before + own } : given;
}

function repositoryChoice(raw: RawOptions, environment: Environment): RepositoryChoice {
  if (raw.repo !== undefined && raw.repositoryFile !== undefined) {
    throw new HoldfastError('usage', '--repo and --repository-file contradict each other');
  }
  if (raw.passwordFile !== undefined && raw.passwordCommand !== undefined) {
    throw new HoldfastError('usage', '--password-file and --password-command contradict each other');
  }
  const place = settings(environment, ['REPOSITORY', 'REPOSITORY_FILE']);
  const secret = settings(environment, ['PASSWORD', 'PASSWORD_FILE', 'PASSWORD_COMMAND']);
  const placeGiven = raw.repo !== undefined || raw.repositoryFile !== undefined;
  const secretGiven = raw.passwordFile !== undefined || raw.passwordCommand !== undefined;
  if (!placeGiven && place.REPOSITORY && place.REPOSITORY_FILE) {
    throw new HoldfastError('usage', 'a repository and a repository file are both set in the environment');
  }
  if (!secretGiven && secret.PASSWORD_FILE && secret.PASSWORD_COMMAND) {
    throw new HoldfastError(
      'usage',
      'a password file and a password command are both set in the environment',
    );
  }
  const choice = {
    repository: placeGiven ? raw.repo?.at(-1) : place.REPOSITORY,
    repositoryFile: placeGiven ? raw.repositoryFile : place.REPOSITORY_FILE,
    passwordFile: secretGiven ? raw.passwordFile : secret.PASSWORD_FILE,
    passwordCommand: secretGiven ? raw.passwordCommand : secret.PASSWORD_COMMAND,
    password: secretGiven ? undefined : secret.PASSWORD,
    insecureNoPassword: raw.insecureNoPassword ?? false,
    keyHint: raw.keyHint ?? setting(environment, 'KEY_HINT'),
  };
  if (choice.insecureNoPassword && (choice.passwordFile ?? choice.passwordCommand ?? choice.password)) {
    throw new HoldfastError('usage', '--insecure-no-password and a password contradict each other');
  }
  return choice;
}

/** The vault in place of its name. A password that a flag gives opens it instead of its own; `flags` are what was typed. */
export function ofVault(
  choice: RepositoryChoice,
  vault: ConfiguredVault,
  flags: Pick<RawOptions, 'passwordFile' | 'passwordCommand' | 'insecureNoPassword' | 'keyHint'> = {},
): RepositoryChoice {
  const { location } = vault.access;
  const repository = vault.kind === 'archive' ? `archive:${location}` : location;
  const own: Partial<ConfiguredRepository> = vault.kind === 'repository' ? vault : {};
  const given = flags.passwordFile ?? flags.passwordCommand ?? flags.insecureNoPassword;
  const keyHint = flags.keyHint ?? own.keyHint ?? choice.keyHint;
  if (given !== undefined || own.password === undefined) return { ...choice, repository, keyHint, vault };
  const none = { passwordFile: undefined, passwordCommand: undefined, password: undefined };
  return { ...choice, ...none, repository, keyHint, vault, passwordReference: own.password };
}

function parsePackSize(text: string): number | undefined {
  const size = parseCount(text, '--pack-size');
  if (size !== 0 && (size < 4 || size > 128)) {
    throw new HoldfastError('usage', `--pack-size: ${size} is not between 4 and 128 MiB`);
  }
  return size === 0 ? undefined : size * 2 ** 20;
}

function parseExtended(pairs: readonly string[]): Map<string, string> {
  const extended = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const key = (equals < 0 ? pair : pair.slice(0, equals)).trim().toLowerCase();
    const value = equals < 0 ? '' : pair.slice(equals + 1).trim();
    if (key === '') throw new HoldfastError('usage', `--option: "${pair}" has no key`);
    if (extended.has(key) && extended.get(key) !== value) {
      throw new HoldfastError('usage', `--option: ${key} is given twice`);
    }
    extended.set(key, value);
  }
  return extended;
}
