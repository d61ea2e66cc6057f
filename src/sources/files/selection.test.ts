import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { Listing, listDirectory, statPath } from './listing.ts';
import { rawPath } from './path.ts';
import { createAttributeFilter, createRestoreFilter } from './restore-filter.ts';
import {
  type SelectionOptions,
  cacheDirectoryTag,
  createSelection,
  selectAll,
  sourceDevices,
} from './selection.ts';

const room = mkdtempSync(`${tmpdir()}/holdfast-selection-`);
after(() => rmSync(room, { recursive: true, force: true }));

function kept(directory: string, options: Partial<SelectionOptions>, warnings: string[] = []): string[] {
  const selection = createSelection({ ...selectAll, ...options }, (message) => warnings.push(message));
  const rules = selection.below(rawPath(directory));
  const listing = new Listing(listDirectory(rawPath(directory)));
  return Array.from({ length: listing.count }, (_, i) => i)
    .filter((i) => rules.includes(listing, i, listing.name(i)))
    .map((i) => Buffer.from(listing.name(i)).toString('latin1'));
}

function make(name: string, files: Record<string, string | Uint8Array>): string {
  const directory = `${room}/${name}`;
  mkdirSync(directory);
  for (const [file, content] of Object.entries(files)) {
    if (file.endsWith('/')) mkdirSync(`${directory}/${file}`);
    else writeFileSync(Buffer.from(`${directory}/${file}`, 'latin1'), content);
  }
  return directory;
}

test('patterns and sizes', () => {
  const dir = make('patterns', { 'a.o': '', 'b.c': 'x'.repeat(100), 'C.O': '', 'sub/': '', 'bad\xff.o': '' });
  assert.deepEqual(kept(dir, {}), ['C.O', 'a.o', 'b.c', 'bad\xff.o', 'sub']);
  assert.deepEqual(kept(dir, { excludes: ['*.o'] }), ['C.O', 'b.c', 'sub']);
  assert.deepEqual(kept(dir, { insensitiveExcludes: ['*.o'], excludes: ['sub'] }), ['b.c']);
  assert.deepEqual(kept(dir, { excludeLargerThan: 99 }), ['C.O', 'a.o', 'bad\xff.o', 'sub']);
  assert.deepEqual(
    kept(dir, { excludes: [dir] }),
    [],
    'what lies below an excluded directory is excluded too',
  );
  assert.deepEqual(kept(dir, { excludePaths: [rawPath(`${dir}/sub`)] }), ['C.O', 'a.o', 'b.c', 'bad\xff.o']);
});

test('of what matches alone, with the directories in which something may', () => {
  const dir = make('wanted', { 'a.txt': '', 'B.TXT': '', 'c.bin': '', 'docs/': '', 'other/': '' });
  assert.deepEqual(kept(dir, { includes: ['*.txt'] }), ['a.txt', 'docs', 'other']);
  assert.deepEqual(kept(dir, { insensitiveIncludes: ['*.txt'], includes: ['c.*'] }), [
    ...['B.TXT', 'a.txt', 'c.bin', 'docs', 'other'],
  ]);
  assert.deepEqual(kept(dir, { includes: [`${dir}/docs/**/*.txt`] }), ['docs']);
  assert.deepEqual(kept(dir, { includes: ['*.txt'], excludes: ['docs', 'a.*'] }), ['other']);
  assert.deepEqual(kept(dir, { includes: [dir] }), ['B.TXT', 'a.txt', 'c.bin', 'docs', 'other']);
});

test('tag files leave only themselves', () => {
  const signature = 'Signature: 8a477f597d28d172789f06886806bc55\n# by a program';
  const cache = make('cache', { 'CACHEDIR.TAG': signature, x: '' });
  const fake = make('fake', { 'CACHEDIR.TAG': 'something else that is long enough to be compared', x: '' });
  const short = make('short', { 'CACHEDIR.TAG': 'Sig', x: '' });
  const warnings: string[] = [];
  assert.deepEqual(kept(cache, { excludeIfPresent: [cacheDirectoryTag] }, warnings), ['CACHEDIR.TAG']);
  assert.deepEqual(warnings, []);
  assert.deepEqual(kept(fake, { excludeIfPresent: [cacheDirectoryTag] }, warnings), ['CACHEDIR.TAG', 'x']);
  assert.deepEqual(kept(short, { excludeIfPresent: [cacheDirectoryTag] }, warnings), ['CACHEDIR.TAG', 'x']);
  assert.equal(warnings.length, 2);
  assert.match(warnings[0]!, /invalid signature in exclusion tagfile .*fake/);
  assert.deepEqual(kept(fake, { excludeIfPresent: ['x'] }), ['x']);
  assert.throws(() => createSelection({ ...selectAll, excludeIfPresent: [':x'] }, () => {}), /no name/);
});

test('one file system: what lies elsewhere is left out, a mount point stays', () => {
  const sources = sourceDevices([rawPath('/')], rawPath('/'));
  const names = kept('/', { oneFileSystem: sources });
  assert.ok(names.includes('proc'), 'the mount point itself');
  assert.deepEqual(kept('/proc', { oneFileSystem: sources }), []);
  const both = [...sources, { path: rawPath('/proc'), device: statPath(rawPath('/proc')).device(0) }];
  assert.ok(kept('/proc', { oneFileSystem: both }).includes('cpuinfo'));
});

test('a restore filter by includes goes down only where it may find something', () => {
  const none = { excludes: [], insensitiveExcludes: [], includes: [], insensitiveIncludes: [] };
  const filter = createRestoreFilter({
    ...none,
    includes: ['/home/*/keep', '*.TXT'],
    insensitiveIncludes: ['/Etc'],
  });
  const home = filter.enter(filter.root, rawPath('home'));
  assert.deepEqual([home.selected, home.childMayBeSelected], [false, true]);
  const keep = filter.enter(filter.enter(home, rawPath('me')), rawPath('keep'));
  assert.ok(keep.selected && filter.enter(keep, rawPath('below')).selected);
  assert.ok(filter.enter(filter.root, rawPath('etc')).selected);
  const rooted = createRestoreFilter({ ...none, includes: ['/home/me'] });
  assert.ok(!rooted.enter(rooted.root, rawPath('usr')).childMayBeSelected);
  const excluding = createRestoreFilter({ ...none, excludes: ['cache'] });
  const cache = excluding.enter(excluding.root, rawPath('cache'));
  assert.deepEqual([cache.selected, cache.childMayBeSelected], [false, false]);
  assert.throws(
    () => createRestoreFilter({ ...none, includes: ['a'], excludes: ['b'] }),
    /mutually exclusive/,
  );
});

test('attribute filters', () => {
  assert.equal(createAttributeFilter([], []), undefined);
  const only = createAttributeFilter(['user.*'], [])!;
  assert.deepEqual([only('user.a'), only('security.x')], [true, false]);
  const but = createAttributeFilter([], ['system.*'])!;
  assert.deepEqual([but('user.a'), but('system.posix_acl_access')], [true, false]);
});
