import assert from 'node:assert/strict';
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import { createLocalStorage } from './local.ts';

test('a link takes the place of an older one, and is not listed', async (t) => {
  const folder = tempFolder(t);
  const storage = createLocalStorage(folder);
  for (const day of ['monday', 'tuesday']) {
    await storage.write(`${day}/shop.sql`, Buffer.from(day));
    await storage.link!('latest/shop.sql', `${day}/shop.sql`);
  }
  assert.equal(readlinkSync(join(folder, 'latest/shop.sql')), '../tuesday/shop.sql');
  assert.equal(readFileSync(join(folder, 'latest/shop.sql'), 'utf8'), 'tuesday');
  const names = await Array.fromAsync(storage.list(''), ({ name }) => name);
  assert.deepEqual(names.toSorted(), ['monday/shop.sql', 'tuesday/shop.sql']);
});

test('an empty folder goes, and no other', async (t) => {
  const folder = tempFolder(t);
  const storage = createLocalStorage(folder);
  await storage.write('day/a', Buffer.from('a'));
  await storage.removeEmptyFolder!('day/');
  assert.ok(lstatSync(join(folder, 'day')).isDirectory());
  await storage.remove('day/a');
  await storage.removeEmptyFolder!('day/');
  assert.ok(!existsSync(join(folder, 'day')));
  await storage.removeEmptyFolder!('day/');
});
