/** Planted persons are nowhere in what masking makes of SQLite databases, as the stock sqlite3 sees them. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { runProgram } from '../support/program.ts';
import { holdfast, restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout, toolPath } from '../support/tools.ts';

const planted = `
  pragma journal_mode = wal;
  create table people (id integer primary key, email varchar(120) not null unique, name text not null, phone text,
    born datetime, doc json, note text, photo blob, iban text -- ask kanarek@comment.example.net
  );
  insert into people with recursive n (i) as (select 1 union all select i + 1 from n where i < 900)
    select i, 'kanarek' || i || '@person.example.net', 'Kanarek Zebedee ' || i, '+358 50 ' || (7770012000 + i), 100000000 + i,
      json_object('contact', json_object('email', 'kanarek' || i || '@home.example.net'), 'plain', 'stays'),
      'write to kanarek' || i || '@note.example.net', cast('kanarek' || i as blob), 'FI21777001200' || (10000 + i) from n;
  create table orders (id integer primary key, customer_email text not null references people (email), extra text);
  insert into orders (customer_email, extra) select email, 'for ' || email from people;
  create virtual table search using fts5(note, content='people', content_rowid='id');
  insert into search (search) values ('rebuild');
  create view grown as select name from people where email <> 'kanarek@view.example.net';
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
  doc: { json: { $.contact.email: email, $.plain: keep } }
  note: text
  photo: pseudonym
  iban: pseudonym
  extra: keep
  '*': keep
`;

test(
  'masked at backup, at restore and at dump, and proposed rules',
  { skip: skipWithout('sqlite3', 'restic'), timeout: 240_000 },
  async (t) => {
    const folder = tempFolder(t);
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    const repository = join(folder, 'repository');
    await makeRepositoryFolder(repository, { chunker: 'fast' });
    const env = { HOME: folder, TMPDIR: temporary, MASKING_KEY: 'a key for tests only' };
    const ours = holdfast({ repository, password, env });
    const sql = async (path: string, input: string | Buffer): Promise<string> =>
      (await runProgram(toolPath('sqlite3'), ['-batch', '-bail', path], { input })).stdout;
    const shop = join(folder, 'shop.db');
    await sql(shop, planted);
    const url = `sqlite:${shop}`;
    const file = join(folder, 'rules.yaml');
    writeFileSync(file, rules);
    const sound = async (path: string): Promise<void> => {
      assert.equal(
        await sql(
          path,
          `pragma integrity_check; pragma foreign_key_check; select count(*), count(distinct email), count(distinct iban) from people;
           select count(*) from people join orders on email = customer_email;
           select count(*) from search where search match 'kanarek1'; select doc ->> '$.plain' from people where id = 1;`,
        ),
        'ok\n900|900|900\n900\n0\nstays\n',
      );
    };

    await ours.run(['backup', url, '--mask', file]);
    const files = join(folder, 'files');
    await restic({ repository, password }).run(['restore', 'latest', '--target', files]);
    const paths = readdirSync(files, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    assert.deepEqual(paths.map(({ name }) => name).toSorted(), ['evidence.json', 'shop.db']);
    for (const { parentPath, name } of paths) nobodyIn(readFileSync(join(parentPath, name)), name);
    assert.match(paths[0]!.parentPath, /\/shop\.db\/masked$/);
    await sound(join(paths[0]!.parentPath, 'shop.db'));
    const drilled = await ours.run(['drill', 'latest']);
    assert.match(drilled.stdout, /proven/);
    const skipped = await ours.run(['backup', url, '--mask', file, '--skip-if-unchanged']);
    assert.match(skipped.stdout, /skipped creating snapshot/);

    await ours.run(['backup', url]);
    const plain = ['latest', '--path', `/sqlite${shop}`];
    const copy = join(folder, 'copy.db');
    await ours.run(['restore', ...plain, '--to', `sqlite:${copy}`, '--mask', file]);
    nobodyIn(readFileSync(copy), 'the copy');
    await sound(copy);
    // the same rules and key make the same of the same values
    const masked = join(paths[0]!.parentPath, 'shop.db');
    assert.equal(await sql(copy, '.sha3sum'), await sql(masked, '.sha3sum'));
    await ours.run([
      'restore',
      ...plain,
      '--to',
      `sqlite:${copy}`,
      '--mask',
      file,
      '--table',
      'people=again',
    ]);
    assert.equal(await sql(copy, 'select count(*) from again join people using (email);'), '900\n');

    const dumped = await ours.run(['dump', ...plain, '--mask', file]);
    nobodyIn(dumped.bytes, 'the dump');
    const made = join(folder, 'made.db');
    await sql(made, dumped.bytes);
    await sound(made);
    assert.deepEqual(readdirSync(temporary), []);

    for (const from of [[url], plain]) {
      const suggested = await ours.run(['mask', 'suggest', ...from]);
      const proposed = join(folder, 'proposed.yaml');
      writeFileSync(proposed, suggested.stdout);
      assert.match(suggested.stdout, /^ {2}people\.email: email$/m);
      assert.match(suggested.stdout, /^ {2}orders\.customer_email: email$/m);
      assert.match(suggested.stdout, /\$\.contact\.email: email/);
      await ours.run(['mask', 'check', proposed, ...from]);
      await ours.run(['mask', 'check', file, ...from]);
    }
    assert.deepEqual(readdirSync(temporary), []);

    // nothing is made under rules that do not fit
    writeFileSync(file, 'strict: true\nkey: env:MASKING_KEY\ncolumns: { people.email: email, name: name }\n');
    const before = (await ours.json(['snapshots'])) as unknown[];
    for (const args of [
      ['backup', url, '--mask', file],
      ['restore', ...plain, '--to', `sqlite:${join(folder, 'other.db')}`, '--mask', file],
      ['dump', ...plain, '--mask', file],
      ['mask', 'check', file, ...plain],
    ]) {
      const { stdout, stderr } = await ours.run(args, { expect: 1 });
      assert.match(stderr, /strict, and no rule classifies people\.id, people\.phone, /, args.join(' '));
      assert.equal(stdout, '');
    }
    assert.equal(((await ours.json(['snapshots'])) as unknown[]).length, before.length);
    assert.ok(!readdirSync(folder).includes('other.db'));
    assert.deepEqual(readdirSync(temporary), []);
  },
);

function nobodyIn(bytes: Uint8Array, what: string): void {
  const text = Buffer.from(bytes).toString('latin1').toLowerCase();
  for (const person of ['kanarek', 'zebedee', '77700120', '77700121']) {
    assert.ok(!text.includes(person), `${person} is in ${what}`);
  }
}
