/** MariaDB in archives: the stock client takes what is written, and what mariadb-dump wrote by itself is restored and drilled. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { DatabaseServer } from '../support/database-server.ts';
import { startMariadb } from '../support/mariadb.ts';
import { runProgram, type RunOptions, type RunResult } from '../support/program.ts';
import { holdfast } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

const shop = `
  create user ann@'%'; grant all on *.* to ann@'%';
  create table orders (id int auto_increment primary key, note varchar(40) unique, raw blob);
  insert into orders (note, raw) select concat('n\\n;', seq), unhex(md5(seq)) from seq_1_to_2000;
  create table log (n int);
  create trigger logged after insert on orders for each row insert into log values (new.id);
  create function f() returns int deterministic return 7;
  create definer=ann@'%' view small as select * from orders where id < 10 and f() = 7;
`;
const sums = `select count(*), sum(crc32(concat(note, hex(raw)))) from orders; select count(*) from log; select count(*) from small;`;

describe('MariaDB in archives', { skip: skipWithout('mariadb'), timeout: 240_000 }, () => {
  let server: DatabaseServer & { readonly defaultsFile: string };
  let folder: string;
  let expected: string;

  before(async () => {
    server = await startMariadb();
    folder = mkdtempSync(join(tmpdir(), 'holdfast-archive-'));
    await server.createDatabase('shop');
    await server.query('shop', shop);
    expected = await server.query('shop', sums);
  });
  after(async () => {
    await server.stop();
    removeTree(folder);
  });

  const url = (database: string): string =>
    `mariadb://${server.user}@${server.host}:${server.port}/${database}?password_env=SHOP_PASSWORD`;
  const run = (archive: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
    holdfast({ repository: `archive:${join(folder, archive)}`, password: '' }).run(args, {
      ...options,
      env: {
        XDG_DATA_HOME: folder,
        HOLDFAST_MYSQL_BIN: server.bin,
        SHOP_PASSWORD: server.password,
        ...options.env,
      },
    });
  const file = (archive: string): string => {
    const names = readdirSync(join(folder, archive), { recursive: true, encoding: 'utf8' });
    return join(
      folder,
      archive,
      names.find((name) => name.endsWith('.sql.gz') && !name.startsWith('latest'))!,
    );
  };

  it('the stock client takes a .sql.gz: triggers do not fire, views and programs work', async () => {
    await run('stock', ['backup', url('shop')]);
    await server.createDatabase('stock');
    const client = join(server.bin, 'mariadb');
    await runProgram('sh', [
      '-c',
      'zcat "$1" | "$2" "--defaults-file=$3" stock',
      '-',
      file('stock'),
      client,
      server.defaultsFile,
    ]);
    assert.equal(await server.query('stock', sums), expected);
  });

  it('what is restored and drilled is what was backed up', async () => {
    await run('own', ['backup', '--layout', 'rolling', url('shop')]);
    await run('own', ['check']);
    await run('own', ['restore', 'latest', '--to', url('own'), '--create']);
    assert.equal(await server.query('own', sums), expected);
    const drilled = JSON.parse((await run('own', ['drill', 'latest', '--json'])).stdout) as Record<
      string,
      unknown
    >;
    assert.equal(drilled['result'], 'proven', JSON.stringify(drilled));
    const compared = drilled['compared'] as Record<string, number>;
    assert.equal(compared['rows'], 2000);
    // two tables, a trigger, a function, a view and its columns
    assert.equal(compared['objects'], 6, JSON.stringify(drilled));
    assert.doesNotMatch(String(drilled['notes']), /definitions/);
    for (const [flags, hint] of [
      [['--table', 'orders=o2'], /without --table into a new database/],
      [['--owner', 'ann'], /go without --owner/],
      [['--no-owner'], /go without --owner/],
    ] as const) {
      const args = ['restore', 'latest', '--to', url('refused'), '--create', ...flags];
      const refused = await run('own', args, { expect: 1 });
      assert.match(refused.stderr, /is kept as one file/);
      assert.match(refused.stderr, hint);
    }
    const made = await server.query('own', "show databases like 'refused'");
    assert.equal(made.trim(), '', 'nothing was written');
  });

  it('a drill names what the dump makes and the server does not get', async () => {
    await run('lacking', ['backup', url('shop')]);
    const dump = file('lacking');
    const sound = gunzipSync(readFileSync(dump)).toString('latin1');
    const lines = sound.split('\n');
    const at = lines.findIndex((line) => /trigger `?logged/i.test(line));
    // for a server of a later version alone
    lines[at] = lines[at]!.replaceAll(/\/\*!5\d{4} /g, '/*!999999 ');
    const column = lines.findIndex((line) => line.startsWith('  `note` '));
    lines[column] = lines[column]!.replace(',', " /*!999999 COMMENT 'said' */,");
    const plain = Buffer.from(lines.join('\n'), 'latin1');
    assert.notEqual(plain.toString('latin1'), sound);
    const stored = gzipSync(plain);
    writeFileSync(dump, stored);
    const place = join(dump, '../manifest.json');
    const manifest = JSON.parse(readFileSync(place, 'utf8')) as { artefacts: Record<string, unknown>[] };
    const digest = (bytes: Buffer): object => ({
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    Object.assign(manifest.artefacts[0]!, { plain: digest(plain), stored: digest(stored) });
    writeFileSync(place, JSON.stringify(manifest));
    await run('lacking', ['check']);
    const { stdout } = await run('lacking', ['drill', 'latest'], { expect: 20 });
    assert.match(stdout, /differs: TRIGGER logged is missing/);
    assert.match(stdout, /differs: TABLE \w+ is defined differently/);
  });

  it('a job writes it once, for an archive and a repository', async () => {
    const place = (name: string): string => join(folder, name);
    const password = 'secret';
    const configuration = place('holdfast.yaml');
    writeFileSync(
      configuration,
      [
        'sources:',
        `  shop: { url: '${url('shop').replace(/\?.*/, '')}', password: 'env:SHOP_PASSWORD' }`,
        'vaults:',
        `  plain: { archive: '${place('job')}', layout: daily, encode: gzip }`,
        `  deep: { repository: '${place('repository')}', password: 'env:DEEP', create: true }`,
        'jobs:',
        '  nightly: { sources: shop, vaults: [plain, deep] }',
      ].join('\n'),
    );
    const env = { DEEP: password, HOME: folder, XDG_STATE_HOME: folder };
    await run('job', ['--config', configuration, 'run', 'nightly'], { env });
    await server.createDatabase('job');
    const client = join(server.bin, 'mariadb');
    const pipe = 'zcat "$1" | "$2" "--defaults-file=$3" job';
    await runProgram('sh', ['-c', pipe, '-', file('job'), client, server.defaultsFile]);
    assert.equal(await server.query('job', sums), expected);
    await run('job', ['drill', 'latest']);
    const repository = holdfast({ repository: place('repository'), password });
    await repository.run(['restore', 'latest', '--to', url('deep'), '--create'], {
      env: { HOLDFAST_MYSQL_BIN: server.bin, SHOP_PASSWORD: server.password },
    });
    assert.equal(await server.query('deep', sums), expected);
  });

  it('a dump that nothing is known of is restored and drilled as well', async () => {
    const day = join(folder, 'container/2026-01-02');
    mkdirSync(day, { recursive: true });
    const args = [`--defaults-file=${server.defaultsFile}`, '--routines', 'shop'];
    const { bytes } = await runProgram(join(server.bin, 'mariadb-dump'), args);
    writeFileSync(join(day, 'db-shop_2026-01-02_01-00-00.sql.gz'), gzipSync(bytes));
    await run('container', ['check']);
    await run('container', ['restore', 'latest', '--to', url('container'), '--create']);
    assert.equal(await server.query('container', sums), expected);
    const drilled = JSON.parse((await run('container', ['drill', 'latest', '--json'])).stdout) as Record<
      string,
      unknown
    >;
    assert.equal(drilled['result'], 'proven', JSON.stringify(drilled));
    assert.deepEqual(drilled['compared'], { tables: 2 });
  });
});
