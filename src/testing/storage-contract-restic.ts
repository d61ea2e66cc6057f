/**
 * The contract of storages that keep repositories alone: every name but `config` is the hash of its content, so that
 * nothing is ever replaced by something else.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Storage } from '../storage/storage.ts';
import { abortedSignal, assertCode, listAll, patternBytes } from './storage-assertions.ts';
import type { StorageUnderTest } from './storage-contract.ts';

const kinds = ['data', 'index', 'keys', 'locks', 'snapshots'] as const;

function nameFor(content: Uint8Array, kind: (typeof kinds)[number] = 'data'): string {
  const id = createHash('sha256').update(content).digest('hex');
  return kind === 'data' ? `data/${id.slice(0, 2)}/${id}` : `${kind}/${id}`;
}

function absentName(): string {
  return nameFor(randomBytes(16));
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export interface RepositoryContractOptions {
  /** the server takes and gives, and removes locks alone */
  readonly appendOnly?: boolean;
}

/** `make` opens an empty storage without `freeNames`; it is called once. */
export function repositoryStorageContract(
  title: string,
  make: () => Promise<StorageUnderTest>,
  options: RepositoryContractOptions = {},
): void {
  describe(`contract of storages for repositories: ${title}`, () => {
    let made: StorageUnderTest;
    const storage = (): Storage => made.storage;
    before(async () => {
      made = await make();
      await made.storage.prepare();
      await made.storage.prepare();
    });
    after(async () => {
      await made.storage.close();
      await made.dispose?.();
    });
    const put = async (content: Uint8Array, kind?: (typeof kinds)[number]): Promise<string> => {
      const name = nameFor(content, kind);
      await storage().write(name, content);
      return name;
    };

    it('says that names are not free, and refuses others', async () => {
      assert.equal(storage().capabilities.freeNames, false);
      const id = randomBytes(32).toString('hex');
      for (const name of [
        '',
        '/config',
        '../config',
        'a/b',
        'data/x',
        `data/${id}`,
        `data/00/1${id.slice(1)}`,
      ]) {
        await assertCode(storage().write(name, patternBytes(1)), 'usage');
        await assertCode(storage().read(name), 'usage');
        await assertCode(storage().remove(name), 'usage');
      }
    });

    it('takes one piece, many pieces, and a stream', async () => {
      const content = patternBytes(200_001, 3);
      const shapes = [
        content,
        [content.subarray(0, 7), new Uint8Array(0), content.subarray(7)],
        inPieces(content, 33_333),
      ];
      for (const [i, kind] of (['data', 'index', 'keys'] as const).entries()) {
        const name = nameFor(content, kind);
        await storage().write(name, shapes[i]!);
        assert.deepEqual(await storage().read(name), content, kind);
        assert.equal((await storage().stat(name)).size, content.length);
      }
    });

    it('takes memory that threads share', async () => {
      const content = patternBytes(300_000, 6);
      const shared = new Uint8Array(new SharedArrayBuffer(content.length));
      shared.set(content);
      const shapes = [
        shared,
        [shared.subarray(0, 100_001), shared.subarray(100_001)],
        inPieces(shared, 77_777),
      ];
      for (const [i, kind] of (['data', 'index', 'keys'] as const).entries()) {
        const name = nameFor(content, kind);
        await storage().write(name, shapes[i]!);
        assert.deepEqual(await storage().read(name), content, kind);
      }
    });

    it('takes the same again', async () => {
      const name = await put(patternBytes(1000, 4));
      await storage().write(name, patternBytes(1000, 4));
      assert.deepEqual(await storage().read(name), patternBytes(1000, 4));
      await assertCode(storage().write(name, patternBytes(1000, 4), { ifAbsent: true }), 'exists');
    });

    it('keeps one config', async () => {
      await assertCode(storage().stat('config'), 'not-found');
      await storage().write('config', patternBytes(155), { ifAbsent: true });
      await assertCode(storage().write('config', patternBytes(155, 2), { ifAbsent: true }), 'exists');
      assert.deepEqual(await storage().read('config'), patternBytes(155));
      if (options.appendOnly) await assertCode(storage().write('config', patternBytes(99, 2)), 'forbidden');
      else {
        await storage().write('config', patternBytes(99, 2));
        assert.deepEqual(await storage().read('config'), patternBytes(99, 2));
      }
    });

    it('leaves nothing when its stream fails, or its signal aborts', async () => {
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield patternBytes(100_000);
        throw new Error('the source broke');
      }
      const name = absentName();
      await assert.rejects(storage().write(name, failing()), /the source broke/);
      const signal = abortedSignal;
      await assertCode(storage().write(name, patternBytes(5), { signal }), 'interrupted');
      await assertCode(storage().stat(name), 'not-found');
    });

    it('gives ranges and streams', async () => {
      const content = patternBytes(300_000, 7);
      const name = await put(content);
      for (const [offset, length] of [
        [0, 1],
        [1, 299_999],
        [299_999, 1],
        [70_000, 100_000],
        [5, 0],
      ] as const) {
        const bytes = await storage().read(name, { offset, length });
        assert.deepEqual(bytes, content.slice(offset, offset + length), `${offset}+${length}`);
        assert.equal(bytes.buffer.byteLength, length);
      }
      assert.deepEqual(await storage().read(name, { offset: 299_000 }), content.slice(299_000));
      assert.equal((await storage().read(name, { offset: 300_000 })).length, 0);
      const range = await Array.fromAsync(storage().stream(name, { offset: 99, length: 200_000 }));
      assert.deepEqual(new Uint8Array(Buffer.concat(range)), content.slice(99, 200_099));
      await assertCode(storage().read(name, { offset: 299_999, length: 2 }), 'truncated');
      await assertCode(storage().read(name, { offset: 400_000, length: 5 }), 'truncated');
      await assertCode(Array.fromAsync(storage().stream(name, { offset: 5, length: 300_000 })), 'truncated');
      const many = Array.from({ length: 64 }, (_, i) => i * 4000);
      const found = await Promise.all(many.map((offset) => storage().read(name, { offset, length: 4000 })));
      assert.deepEqual(new Uint8Array(Buffer.concat(found)), content.slice(0, 256_000));
    });

    it('says when there is no such object, and stops when its signal aborts', async () => {
      const [name, signal] = [absentName(), abortedSignal];
      await assertCode(storage().read(name), 'not-found');
      await assertCode(storage().stat(name), 'not-found');
      await assertCode(Array.fromAsync(storage().stream(name)), 'not-found');
      await assertCode(storage().read(name, { signal }), 'interrupted');
      await assertCode(storage().stat(name, { signal }), 'interrupted');
      await assertCode(Array.fromAsync(storage().list('data/', { signal })), 'interrupted');
    });

    it('lists every folder with its sizes', async () => {
      for (const [i, kind] of kinds.entries()) {
        const name = await put(patternBytes(40 + i, 9), kind);
        const below = await listAll(storage(), `${kind}/`);
        assert.deepEqual(
          below.filter((object) => object.name === name).map(({ size }) => size),
          [40 + i],
        );
        assert.ok(below.every((object) => object.name.startsWith(`${kind}/`)));
        assert.ok((await listAll(storage(), '')).some((object) => object.name === name));
      }
      assert.ok((await listAll(storage(), '')).some((object) => object.name === 'config'));
      const pack = nameFor(patternBytes(40, 9));
      assert.ok((await listAll(storage(), pack.slice(0, 8))).some((object) => object.name === pack));
      assert.deepEqual(await listAll(storage(), 'elsewhere/'), []);
    });

    it('removes locks, and whatever else it may', async () => {
      const lock = await put(patternBytes(20, 5), 'locks');
      await storage().remove(lock);
      await storage().remove(lock);
      await assertCode(storage().stat(lock), 'not-found');
      const pack = await put(patternBytes(21, 5));
      assert.equal(await storage().mayRemove!(), !options.appendOnly);
      if (options.appendOnly) {
        const error = await assertCode(storage().remove(pack), 'forbidden');
        assert.match(error.message, /the server only appends/);
        assert.equal((await storage().stat(pack)).size, 21);
      } else {
        await storage().remove(pack);
        await storage().remove(pack);
        await assertCode(storage().stat(pack), 'not-found');
      }
    });
  });
}
