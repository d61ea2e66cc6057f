/** Planted persons are nowhere in what masking makes of databases of MariaDB and MySQL, and keys hold there. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DatabaseServer } from '../support/database-server.ts';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startMariadb } from '../support/mariadb.ts';
import { startMysql } from '../support/mysql.ts';
import { type BackupProgram, holdfast, restic } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

const planted = `
  create table people (id int auto_increment primary key, email varchar(120) not null unique, name varchar(80) not null,
    phone varchar(30), born date, doc json, note text, photo blob, kind enum('sad', 'ok'), salary decimal(10, 2), town char(24),
    len int generated always as (char_length(name)) stored, small varchar(80) generated always as (lower(name)) virtual, iban varchar(34) comment 'ask Kanarek; kanarek@comment.example.net')
    comment='Zebedee''s';
  insert into people (email, name, phone, born, doc, note, photo, kind, salary, town, iban)
    with recursive n (i) as (select 1 union all select i + 1 from n where i < 900)
    select concat('kanarek', i, '@person.example.net'), concat('Kanarek Zebedee', i), concat('+358 50 ', 7770012000 + i),
      date_add('1950-01-01', interval i day),
      json_object('contact', json_object('email', concat('kanarek', i, '@home.example.net'), 'phone', concat(7770012000 + i)),
        'plain', 'stays', 'other', json_array(concat('see kanarek', i, '@deep.example.net'))),
      concat('write to kanarek', i, '@note.example.net\\nor call\\tKanarek ''\\\\ Zebedee'),
      concat('kanarek', i, '@bytes.example.net Zebedee'), 'ok', 1000 + i, 'Zebville ', concat('FI21777001200', 10000 + i) from n;
  create table orders (id int auto_increment primary key, customer_email varchar(120) not null, remark varchar(200),
    foreign key (customer_email) references people (email), unique (id, customer_email));
  insert into orders (customer_email, remark) select email, concat('for ', email) from people;
  create view grown as select name from people where email <> 'kanarek@view.example.net';
  create procedure mailer() select 'kanarek@procedure.example.net' as address;
`;

const rules = `
key: env:MASKING_KEY
strict: true
email-anywhere: nobody@example.com
columns:
  people.email: email
  orders.customer_email: email
  name: name
  phone: phone
  born: { date: 300 days }
  doc: { json: { $.contact.email: email, $..phone: phone, '$..*': keep } }
  note: text
  photo: pseudonym
  salary: { number: 10% }
  town: { fixed: 'Anytown ' }
  iban: pseudonym
  remark: { keep: { anywhere: true } }
  '*': keep
`;

const persons = ['kanarek', 'zebedee', '77700120', '77700121'];
const start = { MariaDB: startMariadb, MySQL: startMysql };

for (const product of ['MariaDB', 'MySQL'] as const) {
  const tool = product === 'MariaDB' ? 'mariadb' : 'mysql9';
  describe(
    `masking of ${product}`,
    { skip: skipWithout(tool, 'mariadb-dump', 'restic'), timeout: 400_000 },
    () => {
      let server: DatabaseServer;
      let folder: string;
      let ours: BackupProgram;
      let file: string;
      const scheme = product.toLowerCase();
      const url = (database: string): string =>
        `${scheme}://${server.user}@${server.host}:${server.port}/${database}?password_env=SECRET`;
      const folderOf = (database: string): string => `/${scheme}/${server.host}_${server.port}/${database}`;
      const write = (name: string, text: string): string => {
        writeFileSync(join(folder, name), text);
        return join(folder, name);
      };

      before(async () => {
        server = await start[product]();
        folder = mkdtempSync(join(tmpdir(), 'holdfast-mask-'));
        mkdirSync(join(folder, 'tmp'));
        const env = {
          ...{ HOLDFAST_MYSQL_BIN: server.bin, HOME: folder, TMPDIR: join(folder, 'tmp') },
          ...{ MASKING_KEY: 'a key for tests only', SECRET: server.password },
        };
        const repository = join(folder, 'repository');
        await makeRepositoryFolder(repository, { chunker: 'fast' });
        ours = holdfast({ repository, password, env });
        file = write('rules.yaml', rules);
        await server.createDatabase('shop');
        await server.query('shop', planted);
      });
      after(async () => {
        await server.stop();
        removeTree(folder);
      });

      it('leaves nobody in a masked snapshot, and masks an ordinary one to the same', async () => {
        await ours.run(['backup', url('shop'), '--mask', file]);
        const files = join(folder, 'files');
        await restic({ repository: join(folder, 'repository'), password }).run([
          'restore',
          'latest',
          '--target',
          files,
        ]);
        const paths = readdirSync(files, { recursive: true, withFileTypes: true }).filter((entry) =>
          entry.isFile(),
        );
        assert.ok(paths.length >= 6);
        for (const { parentPath, name } of paths) nobodyIn(readFileSync(join(parentPath, name)), name);
        const whole = await ours.run(['dump', 'latest', '--tag', 'masked']);
        await ours.run(['backup', url('shop')]);
        const dumped = await ours.run(['dump', 'latest', '--mask', file]);
        nobodyIn(dumped.bytes, 'the dump');
        assert.deepEqual(rowsOf(dumped.stdout), rowsOf(whole.stdout));
        const again = await ours.run(['backup', url('shop'), '--mask', file, '--json']);
        const summary = JSON.parse(again.stdout.trim().split('\n').at(-1)!) as { data_blobs: number };
        assert.equal(summary.data_blobs, 0);
        const skipped = await ours.run(['backup', url('shop'), '--mask', file, '--skip-if-unchanged']);
        assert.match(skipped.stdout, /skipped creating snapshot/);
      });

      it('restores into a sound database without anybody', async () => {
        await ours.run(['backup', url('shop')]);
        await server.createDatabase('copy');
        await ours.run(['restore', 'latest', '--to', url('copy'), '--mask', file]);
        const ask = async (sql: string): Promise<string> => (await server.query('copy', sql)).trim();
        nobodyIn(
          Buffer.from(await ask('select * from people; select * from orders; show create table people')),
          'the rows',
        );
        assert.equal(
          await ask('select count(*), count(distinct email), count(distinct iban) from people'),
          '900\t900\t900',
        );
        assert.equal(
          await ask('select count(*) from people p join orders o on o.customer_email = p.email'),
          '900',
        );
        assert.equal(
          await ask(
            'select count(*) from people where len <> char_length(name) or small <> lower(name) or abs(salary - 1000 - id) > 0.11 * (1000 + id)',
          ),
          '0',
        );
        assert.equal(
          await ask(`select distinct json_unquote(json_extract(doc, '$.plain')) from people`),
          'stays',
        );
        assert.equal(await ask('call mailer()'), 'nobody@example.com');
      });

      it('proposes rules that load, fit, and leave nothing that looks personal', async () => {
        const stored = await ours.run(['mask', 'suggest', 'latest', '--path', folderOf('shop')]);
        assert.match(stored.stdout, /% of 500 values look like an e-mail address/);
        assert.match(stored.stdout, /\n  people\.email: email\n/);
        assert.match(stored.stdout, /\n  people\.doc:\n {4}json:\n/);
        assert.doesNotMatch(stored.stdout, /people\.small/);
        const live = await ours.run(['mask', 'suggest', url('shop')]);
        assert.match(live.stdout, /% of 500 values look like an e-mail address/);
        const columns = (text: string): string => text.replaceAll(/^ *#.*$/gm, '');
        assert.equal(columns(live.stdout), columns(stored.stdout));
        const proposed = write('proposed.yaml', live.stdout);
        await ours.run(['mask', 'check', proposed, url('shop')]);
        await ours.run(['dump', 'latest', '--path', folderOf('shop'), '--mask', proposed]);
      });

      it('writes nothing when a column has no rule, or a key would break', async () => {
        const count = async (): Promise<number> => ((await ours.json(['snapshots'])) as unknown[]).length;
        const before = await count();
        const cases: readonly (readonly [rules: string, message: RegExp])[] = [
          [
            `strict: true\ncolumns: { people.*: keep, orders.id: keep }`,
            /no rule classifies orders\.customer_email, orders\.remark\n/,
          ],
          [
            `columns: { people.email: email }`,
            /orders\.customer_email refers to people\.email, and their rules differ/,
          ],
          [`columns: { kind: text }`, /the rule text does not fit the type enum/],
        ];
        for (const [text, message] of cases) {
          const bad = write('bad.yaml', `key: env:MASKING_KEY\n${text}`);
          for (const verb of [
            ['backup', url('shop')],
            ['dump', 'latest'],
          ]) {
            const { stdout, stderr } = await ours.run([...verb, '--mask', bad], { expect: 1 });
            assert.match(stderr, message);
            assert.equal(stdout, '');
          }
        }
        assert.equal(await count(), before);
      });
    },
  );
}

function nobodyIn(bytes: Buffer, what: string): void {
  const text = bytes.toString('latin1').toLowerCase();
  for (const person of persons) {
    const capital = person[0]!.toUpperCase() + person.slice(1);
    for (const form of [person, Buffer.from(person).toString('hex'), Buffer.from(capital).toString('hex')]) {
      const at = text.indexOf(form);
      assert.ok(at < 0, `${what} has ${form}: ${text.slice(Math.max(0, at - 80), at + 80)}`);
    }
  }
}

/** The lines of a dump that are rows, without what stands behind them: where a statement ends depends on its rows. */
function rowsOf(dump: string): string[] {
  return dump
    .split('\n')
    .filter((line) => line.startsWith('('))
    .map((line) => line.replace(/[,;]$/, ''));
}
