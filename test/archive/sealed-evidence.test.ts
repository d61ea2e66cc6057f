/** What a manifest tells beside an encrypted dump: nothing of its tables, but to who can open it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { newUser } from '../cli/run.ts';
import { startGpg } from '../support/gpg.ts';
import { runProgram } from '../support/program.ts';
import { skipWithout, toolPath } from '../support/tools.ts';

test(
  'tables are named to those alone who can open the dump',
  { skip: skipWithout('age', 'gpg') },
  async (t) => {
    const user = newUser(t);
    const at = (name: string): string => join(user.home, name);
    const database = new DatabaseSync(at('shop.db'));
    database.exec('create table patients (id integer primary key, name text)');
    database.exec("insert into patients (name) values ('Ada'), ('Grace')");
    await runProgram('age-keygen', ['-o', at('age.key')]);
    const [recipient] = /age1\w+/.exec(readFileSync(at('age.key'), 'utf8'))!;
    const gpg = startGpg(t);
    const key = await gpg.makeKey('Ada <ada@example.org>');
    for (const [name, secret, to, decrypt] of [
      ['age', at('age.key'), recipient, [toolPath('age'), '--decrypt', '-i', at('age.key')]],
      ['openpgp', await gpg.exportKey(key, { secret: true }), await gpg.exportKey(key), undefined],
    ] as const) {
      const archive = ['-r', `archive:${at(name)}`];
      const backup = ['backup', `sqlite:${at('shop.db')}`, '--encode', `zstd,${name}`, '--recipient', to];
      await user.run([...archive, ...backup]);
      const [run] = readdirSync(at(name)).filter((folder) => folder.startsWith('2'));
      const text = readFileSync(join(at(name), run!, 'manifest.json'), 'utf8');
      assert.doesNotMatch(text, /patients|"evidence"/);
      const { artefacts } = JSON.parse(text) as { artefacts: { sealedEvidence: string }[] };
      const input = Buffer.from(artefacts[0]!.sealedEvidence, 'base64');
      const opened = decrypt
        ? await runProgram(decrypt[0], decrypt.slice(1), { input })
        : await gpg.run(['--decrypt', '--quiet'], { input });
      assert.match(opened.stdout, /"name":"patients"/);

      const { rows } = database.prepare('select count(*) as rows from patients').get() as { rows: number };
      const identity = ['--identity', secret];
      const { stdout } = await user.run([...archive, 'drill', 'latest', ...identity, '--json']);
      const drilled = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
      assert.deepEqual([drilled['result'], (drilled['compared'] as { rows: number }).rows], ['proven', rows]);
      database.exec("insert into patients (name) values ('Edith')");
      await user.run([...archive, ...backup]);
      const diff = await user.run([...archive, 'diff', 'latest~1', 'latest', ...identity]);
      assert.match(diff.stdout, /patients: \d rows before, \d rows now/);
      const blind = await user.run([...archive, 'diff', 'latest~1', 'latest']);
      assert.doesNotMatch(blind.stdout, /patients/);
      assert.match(blind.stderr, /are encrypted: what changed inside cannot be seen\nhint: --identity FILE /);
      assert.equal(diff.stderr, '');
      const told = await user.run([...archive, 'diff', 'latest~1', 'latest', '--json']);
      const statistics = JSON.parse(told.stdout.trim().split('\n').at(-1)!) as { sealed: string[] };
      assert.equal(statistics.sealed.length, 2);
      await user.run([...archive, 'check', ...identity]);
    }
    database.close();
  },
);
