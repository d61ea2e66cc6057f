/** What backup-container says of a backup.conf with lines that make no sense; no database is needed for it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { suite } from 'node:test';
import { newUser } from './run.ts';
import type { RunResult } from '../support/program.ts';
import type { Cleanup } from '../support/temp.ts';

interface Container {
  readonly home: string;
  run(args: readonly string[], expect: number): Promise<RunResult>;
}

function container(t: Cleanup, ...lines: readonly string[]): Container {
  const user = newUser(t);
  writeFileSync(join(user.home, 'backup.conf'), lines.map((line) => `${line}\n`).join(''));
  const env = { BACKUP_CONF: join(user.home, 'backup.conf'), BACKUP_DIR: join(user.home, 'backups') };
  return {
    home: user.home,
    run: (args, expect) => user.run(['backup-container', ...args], { expect, env }),
  };
}

suite('backup-container', () => {
  test('counts lines that would not be backed up in a dry run as well', async (t) => {
    const { run } = container(t, 'postgres=db/app', 'mongo=m/x', 'postgres=db');
    const { stdout, stderr } = await run(['-1', '--dry-run'], 1);
    assert.match(stdout, /would back up 'postgres=db\/app'/);
    assert.match(stdout, /would not back up .*backup\.conf:3: "postgres=db" names no database/);
    assert.match(stderr, /2 of 3 lines would not be backed up/);
  });

  test('leaves no database out for a schedule that makes no sense', async (t) => {
    const { run } = container(t, 'postgres=db/app', '61 * * * * ./backup.sh -s');
    const { stderr } = await run(['-1', '--dry-run'], 0);
    assert.match(stderr, /warning: .*backup\.conf:2: "61 \* \* \* \*" is no schedule/);
  });

  test('converts what makes sense, and says what does not', async (t) => {
    const { home, run } = container(t, 'postgres=db/app', 'postgres=db');
    const { stderr } = await run(['convert', 'holdfast.yaml'], 3);
    assert.match(stderr, /backup\.conf:2: "postgres=db" names no database/);
    const file = join(home, 'holdfast.yaml');
    assert.ok(existsSync(file));
    const text = readFileSync(file, 'utf8');
    assert.match(text, /url: .*db\/app/);
    assert.match(text, /# left out: .*backup\.conf:2: /);
  });

  test('says which lines it converts nothing of because of their kind', async (t) => {
    const { home, run } = container(t, 'postgres=db/app', 'mongo=m/x', 'mssql=s/y');
    const { stderr } = await run(['convert', 'holdfast.yaml'], 3);
    assert.match(stderr, /warning: mongo=m\/x: MongoDB is not backed up by holdfast/);
    assert.match(stderr, /warning: mssql=s\/y: SQL Server is not backed up by holdfast/);
    assert.match(stderr, /2 lines are left out/);
    assert.match(readFileSync(join(home, 'holdfast.yaml'), 'utf8'), /# mongo=m\/x: MongoDB is not/);
  });
});
