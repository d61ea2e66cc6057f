/** One call of the command: what the environment and the file say, and where to tell of it. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { ScriptKind, ScriptOptions } from '../../sources/database/script.ts';
import { setting } from '../environment.ts';
import type { Runtime } from '../verb.ts';
import type { ContainerFlags } from './arguments.ts';
import type { ContainerConf, ListedDatabases } from './databases.ts';
import { listDatabases, readConf } from './databases.ts';
import type { ContainerSettings } from './settings.ts';
import { readContainerSettings } from './settings.ts';
import { createTeller, type Teller } from './tell.ts';

export interface ContainerSession {
  readonly runtime: Runtime;
  readonly flags: ContainerFlags;
  readonly settings: ContainerSettings;
  readonly conf: ContainerConf;
  readonly listed: ListedDatabases;
  readonly tell: Teller;
}

/** Codes `usage`, and those of reading the file. */
export function openSession(flags: ContainerFlags, runtime: Runtime): ContainerSession {
  const settings = readContainerSettings(runtime.environment);
  const conf = readConf(settings, runtime.environment);
  const listed = listDatabases(conf, settings, runtime.environment);
  return { runtime, flags, settings, conf, listed, tell: createTeller(settings, runtime) };
}

/** Everything that is wrong with the configuration, in sentences. */
export function problemsOf({ settings, conf }: Pick<ContainerSession, 'settings' | 'conf'>): string[] {
  return [...settings.problems, ...conf.problems.map(({ message }) => message)];
}

/** Code `usage` for variables that make no sense: with them nothing is sure. Lines of the file spoil no others. */
export function refuseBadSettings({ settings }: Pick<ContainerSession, 'settings'>): void {
  if (settings.problems.length === 0) return;
  throw new HoldfastError('usage', `configuration error: ${settings.problems.join('; ')}`);
}

/** For the programs of a kind of database. */
export function scriptOptions(
  { runtime }: ContainerSession,
  kind: ScriptKind,
  warn: (message: string) => void,
): ScriptOptions {
  const { environment, context } = runtime;
  const programs = setting(environment, kind === 'postgres' ? 'POSTGRES_BIN' : 'MYSQL_BIN');
  return { environment, signal: context.signal, programs, warn };
}
