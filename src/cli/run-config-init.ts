/** `holdfast config init`: asks what is not said by flags, and writes a first configuration. */
import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline/promises';
import { readConfig } from '../config/load.ts';
import {
  type FirstAnswers,
  isArchiveLocation,
  newConfigFile,
  type NewNotification,
  type NewSource,
} from '../config/new-file.ts';
import { problemLine } from '../config/problem.ts';
import { effectiveConfig } from '../config/effective.ts';
import { HoldfastError, throwIfAborted } from '../kernel/errors.ts';
import { fromNodeError } from '../kernel/native/system-error.ts';
import { parseSecretReference, secretForms } from '../kernel/secret.ts';
import { isDatabaseUrl } from '../sources/database/drivers.ts';
import { createDefaultKey } from './default-repository.ts';
import { configDirectory } from './directories.ts';
import { parseCount } from './values.ts';
import type { Invocation } from './verb.ts';

export interface ConfigInitFlags {
  source?: string[];
  sourcePassword?: string;
  vault?: string;
  vaultPassword?: string;
  keepDaily?: string;
  keepWeekly?: string;
  keepMonthly?: string;
  webhook?: string;
  mail?: string;
  mailFrom?: string;
  mailServer?: string;
  output?: string;
  force?: boolean;
}

const usualKeep = { daily: '7', weekly: '4', monthly: '12' } as const;

/** Codes `usage`, `exists`, and what the file system says. */
export async function runConfigInit(invocation: Invocation, flags: ConfigInitFlags): Promise<void> {
  const { terminal, environment, settings } = invocation;
  const folder = configDirectory(environment);
  const path = resolve(flags.output ?? settings.configuration ?? join(folder, 'holdfast.yaml'));
  if (existsSync(path) && !flags.force) {
    throw new HoldfastError('exists', `${path} is there already`, {
      hint: '--force writes another one in its place',
    });
  }
  const keyFile = join(dirname(path), 'main.key');
  const answers = await gather(invocation, flags, keyFile);
  const text = newConfigFile(answers);
  const { problems } = effectiveConfig({ ...readConfig([{ path, text }]), place: path });
  const [problem] = problems;
  if (problem)
    throw new HoldfastError('usage', `these answers make no configuration: ${problemLine(problem)}`);
  // an absolute path stands in the file
  const isGenerated = answers.vault.password === `file:${keyFile}`;
  const wasThere = existsSync(keyFile);
  if (isGenerated) await createDefaultKey(keyFile);
  await writeConfig(path, text);
  if (terminal.json) {
    terminal.emit({ message_type: 'config_written', path, ...(isGenerated && { key_file: keyFile }) });
    return;
  }
  terminal.say(`wrote ${path}`);
  if (isGenerated && !wasThere) {
    terminal.say(`made a key for the repository: ${keyFile}`);
    terminal.say('copy that file to a safe place: whoever loses it loses the backups');
  }
  const flag = flags.output === undefined && settings.configuration === undefined ? '' : `--config ${path} `;
  terminal.say(`look at it, then try it:  holdfast ${flag}run nightly`);
}

/** What flags say, and what is asked where a person sits at the terminal. */
async function gather(
  invocation: Invocation,
  flags: ConfigInitFlags,
  keyFile: string,
): Promise<FirstAnswers> {
  const asks = invocation.stdin().isTTY === true;
  if (!asks && (flags.source === undefined || flags.vault === undefined)) {
    throw new HoldfastError('usage', 'nobody is there to be asked what is to be backed up, and where to', {
      hint: 'say it with --source and --vault',
    });
  }
  const questions = asks ? startQuestions(invocation) : undefined;
  try {
    const sources = await gatherSources(flags, questions);
    const location =
      flags.vault ??
      (await questions!.ask(
        'where to: a folder, s3:https://HOST/BUCKET, sftp:USER@HOST:/PATH, archive:LOCATION',
        '',
      ));
    if (location === '') throw new HoldfastError('usage', 'there is no place to back up to');
    const password = isArchiveLocation(location)
      ? undefined
      : reference(
          flags.vaultPassword ??
            (await questions?.ask(
              'where the password of the repository is; nothing for a new key file',
              '',
            )) ??
            '',
        );
    const keep = async (
      name: keyof typeof usualKeep,
      flag: string | undefined,
      what: string,
    ): Promise<number> =>
      parseCount(
        flag ?? (await questions?.ask(`how many ${what} are kept`, usualKeep[name])) ?? usualKeep[name],
        `--keep-${name}`,
      );
    return {
      sources,
      vault: {
        location: absolute(location),
        password: isArchiveLocation(location) ? undefined : (password ?? `file:${keyFile}`),
      },
      keep: {
        daily: await keep('daily', flags.keepDaily, 'days'),
        weekly: await keep('weekly', flags.keepWeekly, 'weeks'),
        monthly: await keep('monthly', flags.keepMonthly, 'months'),
      },
      notification: await gatherNotification(flags, questions),
    };
  } finally {
    questions?.close();
  }
}

async function gatherSources(flags: ConfigInitFlags, questions: Questions | undefined): Promise<NewSource[]> {
  const given = flags.source ?? [];
  const whats = [...given];
  while (questions && given.length === 0) {
    const what = await questions.ask(
      whats.length === 0
        ? 'what is to be backed up: a folder, or a database as postgres://USER@HOST/DATABASE'
        : 'what else; nothing when that is all',
      '',
    );
    if (what === '' && whats.length > 0) break;
    if (what !== '') whats.push(what);
  }
  const sources: NewSource[] = [];
  for (const what of whats) {
    const needsPassword = isDatabaseUrl(what) && !what.startsWith('sqlite:');
    const password = needsPassword
      ? (flags.sourcePassword ??
        (await questions?.ask(
          `where the password of ${what.split('?')[0]} is; nothing for its own places`,
          '',
        )))
      : undefined;
    sources.push({ what: absolute(what), password: reference(password ?? '') });
  }
  return sources;
}

async function gatherNotification(
  { webhook, mail, mailFrom, mailServer }: ConfigInitFlags,
  questions: Questions | undefined,
): Promise<NewNotification | undefined> {
  const who =
    webhook ??
    mail ??
    (await questions?.ask(
      'who is told when something is wrong: a mail address or a URL; nothing for nobody',
      '',
    )) ??
    '';
  if (who === '') return undefined;
  if (webhook !== undefined || /^https?:/.test(who) || parseSecretReference(who)) return { webhook: who };
  const server = mailServer ?? (await questions?.ask('the mail server', 'localhost')) ?? 'localhost';
  const from = mailFrom ?? (await questions?.ask('the sender', who)) ?? who;
  return { mail: who, from, server };
}

/** What was typed is meant from here; in the file it would be meant from the file's folder. */
function absolute(text: string): string {
  const [, kind = '', path = ''] = /^(archive:local:|archive:|local:|sqlite:)?(.*)$/s.exec(text) ?? [];
  const isPath = kind === 'sqlite:' ? !path.startsWith('//') : !/^[a-z][a-z0-9+.-]*:/i.test(path);
  return isPath && path !== '' && !/^~(?:$|\/)/.test(path) ? `${kind}${resolve(path)}` : text;
}

/** Code `usage` for what is the secret itself. */
function reference(text: string): string | undefined {
  if (text === '') return undefined;
  if (parseSecretReference(text)) return text;
  throw new HoldfastError('usage', `expected where the password is, as ${secretForms}`, {
    hint: 'the password itself must not stand in the configuration',
  });
}

interface Questions {
  /** The answer without white space around it; `usual` when there is none. */
  ask(question: string, usual: string): Promise<string>;
  close(): void;
}

function startQuestions({ stdin, terminal, context }: Invocation): Questions {
  const lines: Interface = createInterface({ input: stdin() });
  // an interface that was closed answers nothing any more, not even an error
  const gone = new AbortController();
  lines.once('close', () => gone.abort());
  return {
    async ask(question, usual) {
      terminal.ask(`${question}${usual === '' ? '' : ` [${usual}]`}: `);
      try {
        const answer = await lines.question('', { signal: AbortSignal.any([context.signal, gone.signal]) });
        return answer.trim() || usual;
      } catch (cause) {
        throwIfAborted(context.signal);
        throw new HoldfastError('failed', 'standard input ended before all was answered', { cause });
      }
    },
    close: () => lines.close(),
  };
}

/** Whole or not at all; a file that is there is replaced, as whoever calls has been told to. */
async function writeConfig(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    {
      await using file = await open(temporary, 'wx', 0o600);
      await file.writeFile(text);
      await file.sync();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw fromNodeError('write', Buffer.from(path), error);
  }
}
