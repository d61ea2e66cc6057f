/** Drills as a user runs them, in a folder of their own, and drills that are held up so that something can happen to them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { rewriteDatabase } from './database-snapshot.ts';
import { makeRepositoryFolder, password } from './engine.ts';
import { nodeFlags } from './node-flags.ts';
import { type RunOptions, runProgram, type RunResult } from './program.ts';
import { holdfastBin } from './restic.ts';
import { removeTree } from './temp.ts';
import { findTool, type Tool } from './tools.ts';
import { setpriv, unprivilegedFlags } from './unprivileged.ts';

export interface HeldUpDrill {
  readonly child: ChildProcess;
  readonly ended: Promise<[number | null, string | null]>;
  /** where it keeps everything */
  readonly temporary: string;
  /** of its server */
  readonly pid: number;
  said(): string;
}

export interface Drills {
  readonly folder: string;
  readonly repository: string;
  /** Runs our command line with a temporary folder of its own, which must be empty again in the end. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Makes a snapshot like the first one of `path` in which something is different. */
  rewrite(path: string, change: (name: string, text: string) => string): Promise<void>;
  /** A drill of the latest snapshot that has come to a query which takes very long. */
  heldUp(query: string, pidFile: string): Promise<HeldUpDrill>;
  remove(): void;
}

/** @param tool as root its server is used as root where everybody may enter its folder, and as nobody elsewhere */
export async function makeDrills(
  tool: Tool | undefined,
  env: Readonly<Record<string, string>>,
): Promise<Drills> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-drills-'));
  const repository = join(folder, 'repository');
  await makeRepositoryFolder(repository, { chunker: 'fast' });
  await runProgram('chmod', ['777', folder]);

  function commandLine(args: readonly string[], more: RunOptions['env']) {
    const flags = tool === undefined || findTool(tool)!.startsWith('/usr/') ? [] : unprivilegedFlags();
    const first = flags.length > 0 ? [setpriv, ...flags] : [];
    const [command, ...rest] = [...first, process.execPath, ...nodeFlags, holdfastBin, '--no-cache', ...args];
    const all: Record<string, string | undefined> = {
      ...process.env,
      ...{ RESTIC_REPOSITORY: undefined, RESTIC_PASSWORD: undefined },
      ...{
        HOLDFAST_REPOSITORY: repository,
        HOLDFAST_PASSWORD: password,
        XDG_DATA_HOME: join(folder, 'data'),
      },
      ...env,
      ...more,
    };
    return { command: command!, args: rest, env: all };
  }

  let count = 0;
  async function temporaryFolder(): Promise<string> {
    const path = join(folder, `t${count++}`);
    mkdirSync(path);
    await runProgram('chmod', ['777', path]);
    return path;
  }

  return {
    folder,
    repository,
    async run(args, options = {}) {
      const temporary = await temporaryFolder();
      const line = commandLine(args, { TMPDIR: temporary, ...options.env });
      const result = await runProgram(line.command, line.args, { ...options, env: line.env });
      assert.deepEqual(readdirSync(temporary), [], 'the temporary folder is empty again');
      return result;
    },
    rewrite: (path, change) => rewriteDatabase(repository, path, change),
    async heldUp(query, pidFile) {
      const temporary = await temporaryFolder();
      const queries = join(folder, 'long.sql');
      writeFileSync(queries, `${query}\n`);
      const line = commandLine(['drill', 'latest', '--queries', queries], { TMPDIR: temporary });
      const child = spawn(line.command, line.args, { env: line.env as NodeJS.ProcessEnv });
      const ended = once(child, 'close') as HeldUpDrill['ended'];
      let said = '';
      child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
      const asking = Promise.withResolvers<void>();
      child.stdout.on('data', (piece: Buffer) => {
        said += piece.toString();
        if (said.includes('asking the queries')) asking.resolve();
      });
      await Promise.race([asking.promise, ended]);
      const own = readdirSync(temporary).find((name) => name.startsWith('holdfast-drill-'));
      assert.ok(own !== undefined, said);
      const pid = Number(readFileSync(join(temporary, own, pidFile), 'utf8').split('\n')[0]);
      return { child, ended, temporary, pid, said: () => said };
    },
    remove: () => removeTree(folder),
  };
}

/** True when the process ends within ten seconds. */
export async function endsSoon(pid: number): Promise<boolean> {
  for (let left = 100; left > 0; left--) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await pause(100);
  }
  return false;
}
