import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { suite, test } from 'node:test';
import { HoldfastError } from '../kernel/errors.ts';
import { createRowSum } from '../kernel/row-sum.ts';
import type { Entry, RowTally } from '../sources/entry.ts';
import type { Source } from '../sources/source.ts';
import { type Consumer, readForAll } from './shared-source.ts';

const names = ['a', 'b', 'c', 'd'];
const piecesOf = (name: string): readonly string[] => [`${name}1\n`, `${name}2\n`, `${name}3\n`];

interface Watched {
  readonly source: Source;
  readonly tallies: RowTally[];
  /** entries and bytes that are open */
  open: number;
  most: number;
  stopped: boolean;
  begun: number;
  signal: AbortSignal | undefined;
  previous: Uint8Array | undefined;
}

/** Entries of rows whose pieces lie in one memory each, which is written over. */
function watchedSource(
  concurrency: number | undefined,
  options: { failAt?: string; endless?: boolean } = {},
): Watched {
  const watched: Watched = {
    tallies: [],
    open: 0,
    most: 0,
    stopped: false,
    begun: 0,
    signal: undefined,
    previous: undefined,
    source: {
      name: 'test',
      ...(concurrency !== undefined && { concurrency }),
      async *entries(signal, previous) {
        watched.begun++;
        watched.signal = signal;
        watched.previous = await previous?.('/evidence');
        try {
          for (const name of names) {
            if (concurrency === undefined)
              assert.equal(watched.open, 0, 'the one before is read, or given up');
            yield entry(name);
          }
        } finally {
          watched.stopped = true;
        }
      },
    },
  };
  function entry(name: string): Entry {
    return {
      path: Buffer.from(`/${name}`),
      permissions: 0o600,
      modified: new Date(0),
      content: {
        kind: 'rows',
        blockSize: 64,
        bytes: bytes(name),
        done: (tally) => void watched.tallies.push(tally),
      },
    };
  }
  async function* bytes(name: string): AsyncGenerator<Uint8Array> {
    watched.most = Math.max(watched.most, ++watched.open);
    const memory = Buffer.alloc(16);
    try {
      do {
        for (const piece of piecesOf(name)) {
          if (options.failAt === piece.trim()) throw new HoldfastError('unreachable', 'the server is gone');
          await turn();
          yield memory.subarray(0, memory.write(piece));
          memory.fill('?');
        }
      } while (options.endless);
    } finally {
      watched.open--;
    }
  }
  return watched;
}

interface Behaviour {
  readonly signal?: AbortSignal;
  /** turns of the event loop that each piece takes */
  readonly pace?: number;
  readonly skip?: string;
  readonly failAt?: string;
  readonly previous?: string;
}

/** Takes everything, one after the other or `concurrency` at once; what it got by name. */
function reader({ signal, pace = 0, skip, failAt, previous }: Behaviour = {}): Consumer<
  Record<string, string>
> {
  return async (source) => {
    const got: Record<string, string> = {};
    const running = new Set<Promise<void>>();
    const stop = signal ?? new AbortController().signal;
    const before = async () => (previous === undefined ? undefined : Buffer.from(previous));
    for await (const { path, content } of source.entries(stop, before)) {
      assert.ok(content.kind === 'rows');
      const name = Buffer.from(path).toString().slice(1);
      if (name === skip) {
        if (source.concurrency !== undefined) await content.bytes[Symbol.asyncIterator]().return?.();
        continue;
      }
      const reading = read(name, content).finally(() => running.delete(reading));
      reading.catch(() => {});
      running.add(reading);
      while (running.size >= (source.concurrency ?? 1)) await Promise.race(running);
    }
    await Promise.all(running);
    return got;

    async function read(name: string, content: Extract<Entry['content'], { kind: 'rows' }>): Promise<void> {
      const sum = createRowSum();
      let text = '';
      for await (const piece of content.bytes) {
        for (let i = 0; i < pace; i++) await turn();
        text += Buffer.from(piece).toString();
        sum.update(piece);
        if (failAt !== undefined && text.includes(failAt)) throw new HoldfastError('disk-full', 'no room');
      }
      got[name] = text;
      content.done?.({ ...sum.end(), bytes: text.length });
    }
  };
}

const whole = Object.fromEntries(names.map((name) => [name, piecesOf(name).join('')]));

function values<T>(results: readonly PromiseSettledResult<T>[]): unknown[] {
  return results.map((result) =>
    result.status === 'fulfilled' ? result.value : ((result.reason as HoldfastError).code ?? result.reason),
  );
}

for (const concurrency of [undefined, 2, 3]) {
  suite(`a source of which ${concurrency ?? 1} may be read at once`, () => {
    test('all get everything, whatever their pace, and the source is read once', async () => {
      const watched = watchedSource(concurrency);
      const results = await readForAll(watched.source, [reader(), reader({ pace: 3 }), reader({ pace: 1 })]);
      assert.deepEqual(values(results), [whole, whole, whole]);
      assert.equal(watched.begun, 1);
      assert.equal(watched.tallies.length, names.length);
      assert.ok(watched.most <= (concurrency ?? 1), `${watched.most} open at once`);
      assert.equal(watched.open, 0);
      assert.ok(watched.stopped);
    });

    test('one that fails is let go, and the others are whole', async () => {
      for (const failAt of ['a1', 'b2', 'd3']) {
        const watched = watchedSource(concurrency);
        const results = await readForAll(watched.source, [reader({ pace: 2 }), reader({ failAt }), reader()]);
        assert.deepEqual(values(results), [whole, 'disk-full', whole]);
        assert.equal(watched.tallies.length, names.length);
      }
    });

    test('one that never begins is let go', async () => {
      const watched = watchedSource(concurrency);
      const failing = () => Promise.reject(new HoldfastError('locked', 'somebody else has it'));
      assert.deepEqual(values(await readForAll(watched.source, [failing, reader()])), ['locked', whole]);
    });

    test('one that passes over an entry holds nobody up', async () => {
      const watched = watchedSource(concurrency);
      const results = await readForAll(watched.source, [reader({ skip: 'b' }), reader({ pace: 1 })]);
      const { b: _, ...others } = whole;
      assert.deepEqual(values(results), [others, whole]);
      const nobody = await readForAll(watchedSource(concurrency).source, [
        reader({ skip: 'c' }),
        reader({ skip: 'c' }),
      ]);
      const { c: __, ...rest } = whole;
      assert.deepEqual(values(nobody), [rest, rest]);
    });

    test('when the source fails all fail with its error', async () => {
      const watched = watchedSource(concurrency, { failAt: 'c2' });
      const results = await readForAll(watched.source, [reader(), reader({ pace: 2 })]);
      assert.deepEqual(values(results), ['unreachable', 'unreachable']);
      assert.ok(watched.stopped);
    });

    test('when all fail the source is stopped', async () => {
      const watched = watchedSource(concurrency, { endless: true });
      const results = await readForAll(watched.source, [reader({ failAt: 'a1' }), reader({ failAt: 'a3' })]);
      assert.deepEqual(values(results), ['disk-full', 'disk-full']);
      assert.ok(watched.stopped);
      assert.equal(watched.open, 0);
      assert.ok(watched.signal?.aborted);
    });

    test('one whose signal aborts is let go', async () => {
      const watched = watchedSource(concurrency);
      const controller = new AbortController();
      const aborting: Consumer<Record<string, string>> = async (source) => {
        for await (const { content } of source.entries(controller.signal)) {
          assert.ok(content.kind === 'rows');
          for await (const piece of content.bytes) if (piece.length > 0) controller.abort();
        }
        return {};
      };
      assert.deepEqual(values(await readForAll(watched.source, [aborting, reader()])), [
        'interrupted',
        whole,
      ]);
    });
  });
}

test('what any vault has of the last snapshot is found', async () => {
  const watched = watchedSource(undefined);
  await readForAll(watched.source, [reader(), reader({ previous: 'of the second' })]);
  assert.equal(Buffer.from(watched.previous!).toString(), 'of the second');
});

test('two that saw different bytes do not both succeed', async () => {
  const flipping: Consumer<Record<string, string>> = async (source) => {
    for await (const { content } of source.entries(new AbortController().signal)) {
      assert.ok(content.kind === 'rows');
      let bytes = 0;
      for await (const piece of content.bytes) bytes += piece.length;
      content.done?.({ rows: 3, checksum: 1n, bytes });
    }
    return {};
  };
  assert.deepEqual(
    values(await readForAll(watchedSource(undefined).source, [reader(), flipping])).includes('corrupt'),
    true,
  );
});
