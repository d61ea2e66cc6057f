import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import { createContext } from '../kernel/context.ts';
import { createLocalStorage } from '../storage/local.ts';
import type { ArchiveJobVault, CommandJobSource, Job } from './job.ts';
import type { RunContext } from './run-context.ts';
import { runJob } from './run-job.ts';

const night = Date.UTC(2026, 10, 20, 1);

test('a run within the second of the one before waits for the next, for all of its vaults', async (t) => {
  const folder = tempFolder(t);
  const vault = (name: string): ArchiveJobVault => ({
    ...{ kind: 'archive', name, layout: 'daily', zone: 'UTC', encode: [], keys: {}, artefacts: [] },
    access: { name, location: join(folder, name), credentials: {}, options: {} },
    ...{ passphrase: undefined, versions: undefined, retryLock: 0, retention: undefined },
  });
  const command = (filename: string): CommandJobSource => ({
    ...{ kind: 'command', name: filename, command: ['echo', 'hello'], filename },
    ...{ hostname: 'vm', tags: [], skipIfUnchanged: false },
  });
  const job: Job = {
    ...{ name: 'nightly', origin: 'a file', sources: [command('app.txt')], vaults: [vault('one')] },
    ...{ group: undefined, minSizeRatio: 0.5, acceptSize: false, check: undefined, drill: undefined },
    ...{ hooks: [], recipients: [] },
  };
  let time = night;
  const clock = {
    now: () => time,
    async sleep(ms: number) {
      time += ms;
    },
  };
  const context: RunContext = {
    ...createContext({ clock }),
    ...{ environment: process.env, secretVariables: new Set(), programVersion: 'holdfast test' },
    ...{ temporaryFolder: folder, stateFolder: async () => folder, ownPaths: [] },
    ...{ programs: () => undefined, onStep: () => {} },
  };
  const run = async (one: Job): Promise<void> => {
    const { outcome, steps } = await runJob(one, context);
    assert.equal(outcome, 'success', JSON.stringify(steps));
  };
  const timesIn = async (name: string): Promise<string[]> => {
    const found = await Array.fromAsync(createLocalStorage(join(folder, name)).list('2026-11-20/'));
    return found.map((object) => object.name.slice('2026-11-20/vm-app_2026-11-20_'.length)).toSorted();
  };

  await run(job);
  const both = { ...job, vaults: [vault('one'), vault('two')] };
  await run(both);
  assert.deepEqual(await timesIn('one'), ['01-00-00.txt', '01-00-01.txt']);
  assert.deepEqual(await timesIn('two'), ['01-00-01.txt']);
  // all of a group are of one time, and those of one name cannot be
  time = night + 60_000;
  await run({ ...both, group: 'all', sources: [command('app.txt'), command('app.log')] });
  for (const name of ['one', 'two']) {
    assert.deepEqual((await timesIn(name)).slice(-2), ['01-01-00.txt', '01-01-01.log']);
  }
});
