import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { tempFolder } from '../../../test/support/temp.ts';
import type { Clock } from '../../kernel/clock.ts';
import { createContext } from '../../kernel/context.ts';
import { hasCode, HoldfastError } from '../../kernel/errors.ts';
import { streamSource } from '../../sources/streams/stream-source.ts';
import { createLocalStorage } from '../../storage/local.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Archive } from '../../vaults/archive/archive.ts';
import { listArchive } from '../../vaults/archive/listing.ts';
import type { Layout } from '../../vaults/archive/layout/layout.ts';
import { openArtefact } from '../../vaults/archive/reader.ts';
import { backupToArchive, type ArchiveBackupOptions } from './backup.ts';
import type { ArchiveCheckEvent } from './check.ts';
import { checkArchive } from './check.ts';
import { chooseArtefact, findArchiveSnapshot } from './find.ts';
import { performArchiveForget, planArchiveForget } from './forget.ts';
import { type ArchiveInput, streamInput } from './input.ts';
import type { ForgetPolicy } from '../forget-policy.ts';
import { policyForLayout } from './policy.ts';

const night = Date.UTC(2026, 10, 20, 1);
const day = 86_400_000;

function clockAt(start: number): Clock & { now(): number; set(time: number): void } {
  let time = start;
  return {
    now: () => time,
    set: (to) => void (time = to),
    async sleep(ms) {
      time += ms;
    },
  };
}

function archiveOn(storage: Storage, layout: Layout | undefined = 'daily'): Archive {
  return { storage, layout, zone: 'UTC', encode: [{ name: 'gzip' }], keys: {} };
}

function input(text: string, database = 'shop', fail?: Error): ArchiveInput {
  return {
    source: { host: 'db', database, kind: 'stream', paths: [`/${database}`] },
    async *artefacts() {
      yield { extension: '.sql', bytes: pieces(text, fail) };
    },
  };
}

async function* pieces(text: string, fail?: Error): AsyncGenerator<Uint8Array, void, void> {
  // one memory for all pieces, as sources have it
  const piece = Buffer.alloc(3);
  for (let at = 0; at < text.length; at += 3) {
    const length = piece.write(text.slice(at, at + 3));
    yield piece.subarray(0, length);
  }
  if (fail) throw fail;
}

const options: ArchiveBackupOptions = { hostname: 'box', programVersion: 'holdfast test', tags: ['night'] };
const newest = (count: number): ArchiveBackupOptions => ({
  ...options,
  retention: { policy: { kind: 'newest', count }, minSizeRatio: 0.5 },
});

async function namesIn(storage: Storage): Promise<string[]> {
  const names = await Array.fromAsync(storage.list(''), ({ name }) => name);
  return names.filter((name) => !name.startsWith('.holdfast/')).toSorted();
}

test('what is written has its name, its manifest, and can be read again, in every layout', async () => {
  for (const [layout, name] of [
    ['daily', '2026-11-20/db-shop_2026-11-20_01-00-00.sql.gz'],
    ['rolling', 'daily/2026-11-20/db-shop_2026-11-20_01-00-00.sql.gz'],
    ['flat', 'db-shop_2026-11-20_01-00-00.sql.gz'],
    ['latest', 'db-shop.sql.gz'],
    ['dated', '2026-11-20_01-00-00Z_db-shop/db-shop.sql.gz'],
  ] as const) {
    const archive = archiveOn(createMemoryStorage(), layout);
    const context = createContext({ clock: clockAt(night) });
    await backupToArchive(archive, input('hello world'), options, context);
    const bytes = await archive.storage.read(name);
    assert.equal(gunzipSync(bytes).toString(), 'hello world');
    const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex');
    // found without being told how it is laid out
    const { snapshots } = await listArchive({ ...archive, layout: undefined }, context);
    const [found] = snapshots;
    assert.equal(found?.layout, layout);
    assert.equal(found?.time, night);
    assert.deepEqual(found?.manifest?.tags, ['night']);
    assert.deepEqual(found?.artefacts[0]?.known, {
      ...{ name, encodings: ['gzip'] },
      plain: { size: 11, sha256: sha256('hello world') },
      stored: { size: bytes.length, sha256: sha256(bytes) },
    });
    const decoded = await Array.fromAsync(openArtefact(archive, found!.artefacts[0]!, context.signal));
    assert.equal(Buffer.concat(decoded).toString(), 'hello world');
  }
});

test('a source that fails leaves nothing, and removes nothing', async () => {
  for (const layout of ['daily', 'rolling', 'flat', 'latest', 'dated'] as const) {
    const archive = archiveOn(createMemoryStorage(), layout);
    const clock = clockAt(night);
    const context = createContext({ clock });
    for (let i = 0; i < 3; i++) {
      clock.set(night + i * day);
      await backupToArchive(archive, input(`night ${i}`), options, context);
    }
    const before = await Array.fromAsync(archive.storage.list(''));
    clock.set(night + 3 * day);
    const broken = input('night', 'shop', new HoldfastError('truncated', 'the dump ends before its end'));
    await assert.rejects(backupToArchive(archive, broken, newest(1), context), (error) =>
      hasCode(error, 'truncated'),
    );
    assert.deepEqual(await Array.fromAsync(archive.storage.list('')), before);
  }
});

test('of several artefacts of a run all are there, or none', async () => {
  for (const layout of ['daily', 'dated'] as const) {
    const archive = archiveOn(createMemoryStorage(), layout);
    const context = createContext({ clock: clockAt(night) });
    const both = (fail?: Error): ArchiveInput => ({
      ...input(''),
      async *artefacts() {
        yield { extension: '.sql', bytes: pieces('all of it') };
        yield { extension: '.anon.sql', bytes: pieces('less of it', fail) };
      },
    });
    await assert.rejects(backupToArchive(archive, both(new Error('no')), options, context));
    assert.deepEqual(await Array.fromAsync(archive.storage.list('')), []);
    await backupToArchive(archive, both(), options, context);
    const { snapshots } = await listArchive(archive, context);
    assert.deepEqual(
      snapshots.map(({ artefacts }) => artefacts.map(({ extension }) => extension)),
      [['.anon.sql.gz', '.sql.gz']],
    );
  }
});

test('a run that fails leaves no folder of its own', async (t) => {
  const folder = tempFolder(t);
  const context = createContext({ clock: clockAt(night) });
  const archive = { ...archiveOn(createLocalStorage(folder)), layout: undefined };
  await assert.rejects(backupToArchive(archive, input('monday', 'shop', new Error('no')), options, context));
  assert.deepEqual(
    readdirSync(folder).filter((name) => name !== '.holdfast'),
    [],
  );
});

test('files of others make no archive of stable names, and those without .sql in their names are SQL', async () => {
  const storage = createMemoryStorage();
  const context = createContext({ clock: clockAt(night) });
  for (const name of ['shop-20261119T040000Z.gz', 'shop.gz', 'shop.anon.gz']) {
    await storage.write(name, Buffer.from('of a script'));
  }
  await backupToArchive({ ...archiveOn(storage), layout: undefined }, input('monday'), options, context);
  assert.ok((await namesIn(storage)).includes('2026-11-20_01-00-00Z_db-shop/db-shop.sql.gz'));
  const stable = archiveOn(storage, 'latest');
  const old = await findArchiveSnapshot(stable, 'shop', {}, context);
  assert.equal(chooseArtefact(old, { named: 'sql' }).name, 'shop.gz');
  assert.equal(chooseArtefact(old, { named: 'anon' }).name, 'shop.anon.gz');
});

test('a stable name that was overwritten before the run failed is told of as it is', async () => {
  const archive = archiveOn(createMemoryStorage(), 'latest');
  const context = createContext({ clock: clockAt(night) });
  const both = (text: string, fail?: Error): ArchiveInput => ({
    ...input(''),
    async *artefacts() {
      yield { extension: '.sql', bytes: pieces(text) };
      yield { extension: '.anon.sql', bytes: pieces(`less of ${text}`, fail) };
    },
  });
  await backupToArchive(archive, both('monday'), options, context);
  await assert.rejects(backupToArchive(archive, both('tuesday', new Error('no')), options, context));
  const [found] = (await listArchive(archive, context)).snapshots;
  const texts = await Promise.all(
    found!.artefacts.map(async (artefact) =>
      Buffer.concat(await Array.fromAsync(openArtefact(archive, artefact, context.signal))).toString(),
    ),
  );
  assert.deepEqual(texts, ['less of monday', 'tuesday']);
});

test('a storage that keeps less than it was given is found out', async () => {
  const memory = createMemoryStorage();
  const lying: Storage = {
    ...memory,
    async write(name, body, how) {
      if (name.startsWith('.holdfast/locks/')) return memory.write(name, body, how);
      const all: Uint8Array[] = [];
      for await (const piece of body as AsyncIterable<Uint8Array>) all.push(piece.slice());
      await memory.write(name, Buffer.concat(all).subarray(1), how);
    },
  };
  const context = createContext({ clock: clockAt(night) });
  await assert.rejects(backupToArchive(archiveOn(lying), input('hello'), newest(1), context), (error) =>
    hasCode(error, 'corrupt'),
  );
  assert.deepEqual(await Array.fromAsync(memory.list('')), []);
});

test('what is made within a second waits for the next', async () => {
  const archive = archiveOn(createMemoryStorage());
  const context = createContext({ clock: clockAt(night) });
  for (let i = 0; i < 3; i++) await backupToArchive(archive, input('x'), options, context);
  assert.deepEqual(
    (await namesIn(archive.storage)).map((name) => name.slice(-15)),
    ['01-00-00.sql.gz', '01-00-01.sql.gz', '01-00-02.sql.gz'],
  );
});

test('what has another ending waits for the next second as well', async () => {
  for (const layout of ['daily', 'rolling', 'flat', 'dated'] as const) {
    const archive = archiveOn(createMemoryStorage(), layout);
    const context = createContext({ clock: clockAt(night) });
    const ending = (extension: string): ArchiveInput => ({
      ...input('x', `app${extension}`),
      source: { host: 'db', database: 'app', kind: 'stream', paths: [`/app${extension}`] },
      async *artefacts() {
        yield { extension, bytes: pieces('x') };
      },
    });
    await backupToArchive(archive, ending('.txt'), options, context);
    await assert.rejects(
      backupToArchive(archive, ending('.log'), { ...options, timeMs: night }, context),
      (error) => hasCode(error, 'exists'),
    );
    await backupToArchive(archive, ending('.log'), options, context);
    // a name that goes on is another one
    await backupToArchive(archive, input('x', 'app.b'), { ...options, timeMs: night }, context);
    const { snapshots } = await listArchive(archive, context);
    assert.deepEqual(
      snapshots.map(({ core, time, artefacts }) => `${time - night} ${core} ${artefacts.length}`).toSorted(),
      ['0 db-app 1', '0 db-app.b 1', '1000 db-app 1'],
    );
  }
});

test('what has had its time goes, with its manifest and its folder, and only of this source', async (t) => {
  const folder = tempFolder(t);
  const storage = createLocalStorage(folder);
  const archive = archiveOn(storage);
  const clock = clockAt(night);
  const context = createContext({ clock });
  for (let i = 0; i < 4; i++) {
    clock.set(night + i * day);
    for (const database of ['shop', 'shop_archive']) {
      await backupToArchive(
        archive,
        input('hello', database),
        database === 'shop' ? newest(2) : options,
        context,
      );
    }
  }
  const of = (database: string, days: number[]): string[] =>
    days.map((day) => `2026-11-${day}/db-${database}_2026-11-${day}_01-00-00.sql.gz`);
  assert.deepEqual(
    await namesIn(storage),
    [...of('shop', [22, 23]), ...of('shop_archive', [20, 21, 22, 23])].toSorted(),
  );
  const manifests = await Array.fromAsync(storage.list('.holdfast/'));
  assert.equal(manifests.length, 6);
  assert.ok(
    manifests.every(({ name }) => !name.includes('shop')),
    'old scripts must not count them',
  );
});

test('a newest one that is suspiciously small keeps everything, and is reported', async () => {
  const archive = archiveOn(createMemoryStorage());
  const clock = clockAt(night);
  const context = createContext({ clock });
  const large = Array.from({ length: 500 }, (_, i) => `row ${i * 7919}\n`).join('');
  for (const [i, text] of [large, large, large, 'small'].entries()) {
    clock.set(night + i * day);
    const { retention } = await backupToArchive(archive, input(text), newest(3), context);
    assert.equal(retention!.held.length, i === 3 ? 1 : 0);
  }
  assert.equal((await namesIn(archive.storage)).length, 4);
});

test('the newest of each has a link', async (t) => {
  const folder = tempFolder(t);
  const archive = archiveOn(createLocalStorage(folder), 'dated');
  const clock = clockAt(night);
  for (let i = 0; i < 2; i++) {
    clock.set(night + i * day);
    await backupToArchive(archive, input('hello'), options, createContext({ clock }));
  }
  assert.equal(
    readlinkSync(join(folder, 'latest/db-shop.sql.gz')),
    '../2026-11-21_01-00-00Z_db-shop/db-shop.sql.gz',
  );
});

test('an unfinished run is no snapshot, and goes in time', async () => {
  const storage = createMemoryStorage();
  const archive = archiveOn(storage, 'dated');
  const clock = clockAt(night);
  await storage.write('2026-11-19_23-00-00Z_db-shop/db-shop.sql.gz', Buffer.from('half'));
  await storage.write('2026-11-19_23-00-00Z_db-shop/unfinished', Buffer.from(''));
  const context = createContext({ clock });
  const { retention } = await backupToArchive(archive, input('hello'), newest(9), context);
  assert.deepEqual(retention!.unfinished, []);
  clock.set(night + day);
  await backupToArchive(archive, input('hello'), newest(9), context);
  assert.equal((await listArchive(archive, context)).unfinished.length, 0);
});

test('a run whose manifest got lost is a snapshot still, is told of, and is not taken for an unfinished one', async () => {
  const archive = archiveOn(createMemoryStorage(), 'dated');
  const clock = clockAt(night);
  const context = createContext({ clock });
  await backupToArchive(archive, input('-- Dump completed'), options, context);
  await archive.storage.remove('2026-11-20_01-00-00Z_db-shop/manifest.json');
  clock.set(night + 3 * day);
  await backupToArchive(archive, input('hello'), newest(9), context);
  const { snapshots, unfinished } = await listArchive(archive, context);
  assert.equal(snapshots.length, 2);
  assert.deepEqual(unfinished, []);
  const events: ArchiveCheckEvent[] = [];
  const { errors } = await checkArchive(archive, {}, (event) => events.push(event), context);
  assert.equal(errors, 1);
  assert.ok(events.some((event) => event.kind === 'error' && event.message.includes('manifest.json')));
});

test('a stable name that another source has is not overwritten', async () => {
  const archive = archiveOn(createMemoryStorage(), 'latest');
  const context = createContext({ clock: clockAt(night) });
  const of = (...paths: string[]): ArchiveInput => {
    const made = input('hello');
    return { ...made, source: { ...made.source, kind: 'files', paths } };
  };
  await backupToArchive(archive, of('/a/b'), options, context);
  const before = await archive.storage.read('db-shop.sql.gz');
  // encoded otherwise it would have a name of its own, and would be taken for the same snapshot
  for (const encode of [archive.encode, []]) {
    await assert.rejects(backupToArchive({ ...archive, encode }, of('/a-b'), options, context), (error) =>
      hasCode(error, 'exists'),
    );
  }
  assert.deepEqual(await archive.storage.read('db-shop.sql.gz'), before);
  await backupToArchive(archive, of('/a/b', '/c'), options, context);
  assert.deepEqual((await listArchive(archive, context)).snapshots[0]?.manifest?.source.paths, [
    '/a/b',
    '/c',
  ]);
});

test('a stable name with any ending is guarded as others are, and found by its name', async () => {
  const stream = (filename: string, text: string): ArchiveInput =>
    streamInput(
      streamSource('a stream', Readable.from([Buffer.from(text)]), { filename, modified: new Date(night) }),
      filename,
      'vm',
    );
  for (const filename of ['p.txt', 'x.ldif', 'bare', 'a.b.gz', 'dir.sql']) {
    for (const encode of [[], [{ name: 'gzip' }]] as const) {
      const archive: Archive = { ...archiveOn(createMemoryStorage(), 'latest'), encode };
      const context = createContext({ clock: clockAt(night) });
      const big = randomBytes(10_000).toString('hex');
      await backupToArchive(archive, stream(filename, big), options, context);
      const before = await Array.fromAsync(archive.storage.list(''));
      await assert.rejects(
        backupToArchive(archive, stream(filename, big.slice(0, 3000)), options, context),
        (error) => hasCode(error, 'incomplete'),
        filename,
      );
      await assert.rejects(
        backupToArchive(archive, stream(`sub/${filename}`, big), options, context),
        (error) => hasCode(error, 'exists'),
        filename,
      );
      assert.deepEqual(
        (await Array.fromAsync(archive.storage.list(''))).map(({ size }) => size),
        before.map(({ size }) => size),
      );
      const core = `vm-${filename.replace(/\.[a-z]+$/, '')}`;
      for (const id of [core, `vm-${filename}`, before[0]!.name]) {
        // a name that is encoded already is called without its encodings
        if (id.endsWith('a.b.gz') && id !== before[0]!.name) continue;
        assert.equal((await findArchiveSnapshot(archive, id, {}, context)).name, core);
      }
      const { snapshots } = await listArchive(archive, { ...context, core });
      assert.deepEqual(
        snapshots.map((one) => one.core),
        [core],
      );
    }
  }
});

test('streams whose names have other endings are two under one stable name', async () => {
  const archive: Archive = { ...archiveOn(createMemoryStorage(), 'latest'), encode: [{ name: 'gzip' }] };
  const context = createContext({ clock: clockAt(night) });
  for (const filename of ['app.txt', 'app.log', 'app', 'app.txt']) {
    const content = Readable.from([Buffer.from(filename)]);
    const source = streamSource('a stream', content, { filename, modified: new Date(night) });
    await backupToArchive(archive, streamInput(source, filename, 'vm'), options, context);
  }
  const { snapshots } = await listArchive(archive, context);
  assert.deepEqual(
    snapshots.map(({ name, artefacts }) => [name, artefacts.map((one) => one.name)]).toSorted(),
    [
      ['vm-app.bin', ['vm-app.bin.gz']],
      ['vm-app.log', ['vm-app.log.gz']],
      ['vm-app.txt', ['vm-app.txt.gz']],
    ],
  );
  assert.equal((await findArchiveSnapshot(archive, 'vm-app.log', {}, context)).name, 'vm-app.log');
});

test('a file of stable name is not replaced by one of a shorter name with a longer ending', async () => {
  const archive: Archive = { ...archiveOn(createMemoryStorage(), 'latest') };
  const context = createContext({ clock: clockAt(night) });
  const made = input('hello', 'a.b');
  const ending = (extension: string, one: ArchiveInput): ArchiveInput => ({
    ...one,
    async *artefacts() {
      yield { extension, bytes: pieces('hello') };
    },
  });
  await backupToArchive({ ...archive, encode: [] }, ending('.gz', made), options, context);
  await assert.rejects(
    backupToArchive(archive, ending('.b', input('hello', 'a')), options, context),
    (error) => hasCode(error, 'exists'),
  );
  // names of another one stay apart
  await backupToArchive(archive, input('hello', 'a'), options, context);
  assert.deepEqual((await listArchive(archive, context)).snapshots.map(({ name }) => name).toSorted(), [
    'db-a',
    'db-a.b',
  ]);
});

test('a stable name without older versions is not replaced by what is suspiciously small', async () => {
  const memory = createMemoryStorage();
  const archive: Archive = { ...archiveOn(memory, 'latest'), encode: [] };
  const context = createContext({ clock: clockAt(night) });
  await backupToArchive(archive, input('x'.repeat(1000)), options, context);
  await assert.rejects(backupToArchive(archive, input('x'.repeat(499)), options, context), (error) =>
    hasCode(error, 'incomplete'),
  );
  assert.equal((await memory.stat('db-shop.sql')).size, 1000);
  assert.equal((await checkArchive(archive, {}, () => {}, context)).errors, 0);
  const versioned: Archive = { ...archive, storage: { ...memory, keepVersions: async () => [] } };
  await backupToArchive(versioned, input('x'.repeat(400)), options, context);
  assert.equal((await memory.stat('db-shop.sql')).size, 400);
  await backupToArchive(archive, input('tiny'), { ...options, minSizeRatio: 0 }, context);
  assert.equal((await memory.stat('db-shop.sql')).size, 4);
});

test('files that are gone are errors in every layout, until forget removes what tells of them', async () => {
  for (const layout of ['daily', 'rolling', 'latest', 'dated'] as const) {
    const archive = archiveOn(createMemoryStorage(), layout);
    const context = createContext({ clock: clockAt(night) });
    await backupToArchive(archive, input('hello'), options, context);
    await backupToArchive(archive, input('hello', 'other'), options, context);
    const [name] = (await namesIn(archive.storage)).filter(
      (one) => one.endsWith('db-shop.sql.gz') || /shop_.*gz$/.test(one),
    );
    await archive.storage.remove(name!);
    const check = () => checkArchive({ ...archive, layout: undefined }, {}, () => {}, context);
    assert.deepEqual(await check(), { files: 1, errors: 1 }, layout);
    const policy = { kind: 'newest', count: 5 } as const;
    const plan = await planArchiveForget(archive, { policy, minSizeRatio: 0.5 }, context);
    await performArchiveForget(archive, { remove: [], unfinished: plan.lost }, context);
    assert.deepEqual(await check(), { files: 1, errors: 0 }, layout);
  }
});

test('where nothing is an archive there is none', async () => {
  const context = createContext({ clock: clockAt(night) });
  const storage = createMemoryStorage();
  for (const names of [[], ['config', 'keys/ab', 'data/ab/cd'], ['notes.txt']]) {
    for (const name of names) await storage.write(name, Buffer.from('x'));
    for (const layout of [undefined, 'daily', 'dated'] as const) {
      await assert.rejects(
        checkArchive(archiveOn(storage, layout), {}, () => {}, context),
        (error) => hasCode(error, 'no-repository'),
      );
    }
  }
});

test('the newest of a name that two sources have is asked for by its path', async () => {
  const archive = archiveOn(createMemoryStorage());
  const clock = clockAt(night);
  const context = createContext({ clock });
  for (const [i, path] of ['/a/b', '/a-b'].entries()) {
    clock.set(night + i * day);
    const made = input(path);
    await backupToArchive(archive, { ...made, source: { ...made.source, paths: [path] } }, options, context);
  }
  await assert.rejects(findArchiveSnapshot(archive, 'latest', { paths: ['db-shop'] }, context), (error) =>
    hasCode(error, 'usage'),
  );
  const found = await findArchiveSnapshot(archive, 'latest', { paths: ['/a/b'] }, context);
  assert.deepEqual(found.manifest?.source.paths, ['/a/b']);
});

test('a bucket that is not there is made before anybody looks into it', async () => {
  const memory = createMemoryStorage();
  let isThere = false;
  const storage: Storage = {
    ...memory,
    async prepare() {
      isThere = true;
    },
    list(prefix, how) {
      if (!isThere) throw new HoldfastError('no-bucket', 'there is no bucket');
      return memory.list(prefix, how);
    },
  };
  const context = createContext({ clock: clockAt(night) });
  await backupToArchive({ ...archiveOn(storage), layout: undefined }, input('hello'), options, context);
  assert.equal((await listArchive(archiveOn(storage, 'dated'), context)).snapshots.length, 1);
});

test('one folder of flat keeps what the folders of rolling keep', async () => {
  for (const rules of [{ daily: 6, weekly: 4, monthly: 1 }, { daily: 6 }]) {
    const left: string[][] = [];
    for (const layout of ['rolling', 'flat'] as const) {
      const archive = archiveOn(createMemoryStorage(), layout);
      const clock = clockAt(night);
      const retention = { policy: policyForLayout(layout, rules), minSizeRatio: 0.5 };
      const { weekly = 0, monthly = 0 }: ForgetPolicy = rules;
      for (let i = 0; i < 66; i++) {
        clock.set(night + i * day);
        const context = createContext({ clock });
        await backupToArchive(
          archive,
          input('shop'),
          { ...options, retention, tiers: { weekly, monthly } },
          context,
        );
      }
      left.push((await namesIn(archive.storage)).map((name) => name.replace(/^.*\//, '')).toSorted());
    }
    const [rolling, flat] = left;
    assert.deepEqual(flat, rolling);
    assert.equal(flat?.length, 'weekly' in rules ? 11 : 6);
  }
});
