/** Masked numbers in floating point are what a server makes of them again: a drill finds the same rows. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startPostgres } from '../support/postgres.ts';
import { holdfast } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

it('numbers in floating point survive masking', { skip: skipWithout('postgres15') }, async () => {
  const server = await startPostgres({ major: 15 });
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-floats-'));
  try {
    const repository = join(folder, 'repository');
    await makeRepositoryFolder(repository, { chunker: 'fast' });
    const [key, rules] = [join(folder, 'key'), join(folder, 'rules.yaml')];
    writeFileSync(key, '0123456789abcdef'.repeat(4));
    writeFileSync(rules, `key: file:${key}\ncolumns:\n  public.n.*: number\n`);
    await server.createDatabase('floats');
    await server.query(
      'floats',
      `select setseed(0.5); create table n as select (random() * 1000)::float8 a, (random() * 1e17)::float8 b,
        random() * 1e-6 c, (i / 4.0)::float4 d, (random() * 1e8)::float4 e, (i * 1e30)::float4 f from generate_series(0, 2000) i`,
    );
    const env = { HOLDFAST_PG_BIN: server.bin, HOME: folder, SECRET: server.password };
    const ours = holdfast({ repository, password, env });
    const url = `postgres://${server.user}@${server.host}:${server.port}/floats?password_env=SECRET`;
    await ours.run(['backup', url, '--mask', rules]);
    const { stdout } = await ours.run(['drill', 'latest']);
    assert.match(stdout, /^proven: /m);
  } finally {
    await server.stop();
    removeTree(folder);
  }
});
