/**
 * Masks a SQLite database of 1,600,000 rows with ten columns, and prints the pace for several rules: bytes of its file in
 * a second of processor time, all threads together. Reading the file and writing the new one are part of it.
 *
 *   node bench/masking-sqlite.ts
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createMaskingKey } from '../src/sources/masking/keyed-functions.ts';
import { parseMaskingRules } from '../src/sources/masking/rules-file.ts';
import { writeMaskedCopy } from '../src/sources/sqlite/masked-copy.ts';

const key = createMaskingKey(Buffer.from('a key for measuring only'));
const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
const threeRules = 'columns: { email: email, name: name, phone: phone }';
try {
  const from = join(folder, 'people.db');
  const made = new DatabaseSync(from);
  made.exec(`pragma journal_mode = off; create table people (id integer primary key, email text, name text, phone text,
      note text, token text, country text, born date, pay real, visits integer);
    insert into people with recursive n (i) as (select 1 union all select i + 1 from n where i < 1600000)
      select i, 'person.' || i || '@mail' || (i % 97) || '.example.org', 'Given' || (i % 1009) || ' Family' || (i % 5003),
        '+358 40 ' || (1000000 + i), 'a text that stays as it is ' || i, hex(i * 77777777), 'Finland', '1970-01-01', i * 1.5, i % 50 from n`);
  process.stdout.write(`${(statSync(from).size / 1e6).toFixed(0)} MB\n`);
  await measure(from, 'nothing', 'columns: {}');
  await measure(from, 'email', 'columns: { email: email }');
  await measure(from, 'email, name, phone', threeRules);
  await measure(from, 'e-mail anywhere alone', '{ email-anywhere: nobody@example.com, columns: {} }');
  made.exec('create unique index by_email on people (email)');
  await measure(from, 'three, and a unique index', threeRules);
  made.close();
} finally {
  rmSync(folder, { recursive: true });
}

async function measure(from: string, label: string, text: string): Promise<void> {
  const to = join(folder, 'masked.db');
  const rules = parseMaskingRules(text, label);
  const before = process.cpuUsage();
  await writeMaskedCopy(from, to, { rules, key, warn: console.log, signal: new AbortController().signal });
  const { user, system } = process.cpuUsage(before);
  rmSync(to);
  const pace = statSync(from).size / (user + system);
  process.stdout.write(`${label.padEnd(28)} ${pace.toFixed(0)} MB/s\n`);
}
