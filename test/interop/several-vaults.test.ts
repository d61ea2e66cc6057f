/** One dump of a real PostgreSQL, read once, is whole in a repository and in archives; who fails is the only one. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createContext } from '../../src/kernel/context.ts';
import { HoldfastError } from '../../src/kernel/errors.ts';
import { backupToArchive } from '../../src/operations/archive/backup.ts';
import { databaseInput, optionsForAll } from '../../src/operations/archive/input.ts';
import { type Consumer, readForAll } from '../../src/operations/shared-source.ts';
import type { DatabaseSourceOptions } from '../../src/sources/database/driver.ts';
import { postgres } from '../../src/sources/postgres/driver.ts';
import { createLocalStorage } from '../../src/storage/local.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { EncodingChoice } from '../../src/vaults/archive/encodings/open.ts';
import type { DatabaseServer } from '../support/database-server.ts';
import { backUp, checkErrors, makeRepositoryFolder, openAgain, password } from '../support/engine.ts';
import { startPostgres } from '../support/postgres.ts';
import { runProgram } from '../support/program.ts';
import { holdfast } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

const rows = 40_000;
const shop = `
  create table orders (id int primary key, note text);
  insert into orders select i, 'note ' || md5(i::text) from generate_series(1, ${rows}) i;
  create table people (id int generated always as identity primary key, email text unique);
  insert into people (email) select 'p' || i || '@example.org' from generate_series(1, 3000) i;
  select lo_from_bytea(0, decode(repeat('00ff5c2e0a', 5000), 'hex'));
`;

describe('one dump for several vaults', { skip: skipWithout('postgres15', 'lz4'), timeout: 240_000 }, () => {
  const folder = tempFolder({ after }, 'holdfast-vaults');
  const at = (name: string): string => join(folder, name);
  let server: DatabaseServer;
  let options: DatabaseSourceOptions;
  const url = (): string => `postgres://${server.user}@${server.host}:${server.port}/shop`;
  const address = () => postgres.address(url(), process.env);

  before(async () => {
    server = await startPostgres({ major: 15 });
    await server.createDatabase('shop');
    await server.query('shop', shop);
    options = {
      environment: process.env,
      password: server.password,
      programs: server.bin,
      warn: (message) => assert.fail(message),
      modified: new Date(0),
      stallTimeout: 60_000,
    };
  });
  after(() => server?.stop());

  const toRepository =
    (path: string): Consumer<string> =>
    async (source) => {
      await using repository = await openAgain(path);
      const what = { kind: 'source', source, path: address().folder } as const;
      return (await backUp(repository, [], { what })).id!;
    };

  const toArchive =
    (storage: Storage, ...encode: EncodingChoice[]): Consumer<string> =>
    async (source) => {
      const archive = { storage, layout: 'latest', encode, keys: {} } as const;
      const input = databaseInput(postgres, address(), options, undefined, source);
      const run = { hostname: 'box', programVersion: 'holdfast test', tags: [] };
      return (await backupToArchive(archive, input, run, createContext())).manifest.artefacts[0]!.name;
    };

  async function restored(name: string, sql: Uint8Array | string): Promise<string> {
    await server.createDatabase(name);
    await runProgram(join(server.bin, 'psql'), ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', '-'], {
      env: { ...server.env, PGDATABASE: name },
      input: sql,
    });
    return server.query(
      name,
      `select count(*), sum(id), min(note) from orders union all select count(*), sum(id), max(email) from people`,
    );
  }

  /** Dumps that are under way on the server. */
  const dumps = (): Promise<string> =>
    server.query('postgres', `select count(*) from pg_stat_activity where application_name = 'pg_dump'`);

  it('is whole in each of them, and the same', async () => {
    await makeRepositoryFolder(at('repository'), { chunker: 'fast' });
    const results = await readForAll(address().source(optionsForAll(postgres, options)), [
      toRepository(at('repository')),
      toArchive(createLocalStorage(at('gzip')), { name: 'gzip' }),
      toArchive(createLocalStorage(at('lz4')), { name: 'lz4' }),
    ]);
    const [id, gzip, lz4] = results.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
    const expected = await server.query(
      'shop',
      'select count(*), sum(id), min(note) from orders union all select count(*), sum(id), max(email) from people',
    );
    const plain = await runProgram('gzip', ['-dc', join(at('gzip'), gzip!)]);
    assert.equal(await restored('from_gzip', plain.bytes), expected);
    const other = await runProgram('lz4', ['-dc', join(at('lz4'), lz4!)]);
    assert.equal(await restored('from_lz4', other.bytes), expected);
    // each has a word of its own against what may stand in the data
    const withoutWord = (sql: string) => sql.replaceAll(/^\\(restrict|unrestrict) \w+$/gm, '\\$1');
    assert.equal(withoutWord(plain.stdout), withoutWord(other.stdout));
    const { bytes } = await holdfast({ repository: at('repository'), password }).run(['dump', id!]);
    assert.equal(await restored('from_repository', bytes), expected);
    await using repository = await openAgain(at('repository'));
    assert.deepEqual(await checkErrors(repository), []);
    // of the server's own, which no archive has
    const listed = await holdfast({ repository: at('repository'), password }).run(['ls', id!]);
    assert.match(listed.stdout, /globals\.sql/);
  });

  it('goes on where one fails in the middle, which leaves nothing', async () => {
    await makeRepositoryFolder(at('second'), { chunker: 'fast' });
    const local = createLocalStorage(at('full'));
    const full: Storage = {
      ...local,
      async write(name, body, write) {
        if (body instanceof Uint8Array) return local.write(name, body, write);
        let left = 200_000;
        async function* short(): AsyncGenerator<Uint8Array> {
          for await (const piece of body as AsyncIterable<Uint8Array>) {
            if ((left -= piece.length) < 0) throw new HoldfastError('disk-full', 'no space left on device');
            yield piece;
          }
        }
        return local.write(name, short(), write);
      },
    };
    const [failed, archive, repository] = await readForAll(
      address().source(optionsForAll(postgres, options)),
      [
        toArchive(full),
        toArchive(createLocalStorage(at('good')), { name: 'gzip' }),
        toRepository(at('second')),
      ],
    );
    assert.equal(failed?.status === 'rejected' && (failed.reason as HoldfastError).code, 'disk-full');
    assert.deepEqual(
      readdirSync(at('full')).filter((name) => !name.startsWith('.')),
      [],
    );
    assert.equal(archive?.status, 'fulfilled');
    assert.equal(repository?.status, 'fulfilled');
    const { bytes } = await runProgram('gzip', ['-dc', join(at('good'), archive.value)]);
    assert.match(await restored('after_failure', bytes), new RegExp(`^${rows}\t`));
  });

  it('is ended when all fail', async () => {
    const failing: Consumer<string> = async (source) => {
      for await (const { content } of source.entries(new AbortController().signal)) {
        if (content.kind === 'file') continue;
        for await (const piece of content.bytes) {
          if (piece.length > 100_000) throw new HoldfastError('disk-full', 'no space left on device');
        }
      }
      return '';
    };
    const results = await readForAll(address().source(optionsForAll(postgres, options)), [failing, failing]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal((await dumps()).trim(), '0');
  });
});
