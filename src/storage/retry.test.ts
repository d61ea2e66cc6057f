import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '../kernel/errors.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createFaultyStorage } from '../testing/faulty-storage.ts';
import { assertCode, listAll, patternBytes } from '../testing/storage-assertions.ts';
import { storageContract } from '../testing/storage-contract.ts';
import { createMemoryStorage } from './memory.ts';
import { createAttempt, withRetry } from './retry.ts';
import type { RetryOptions } from './retry.ts';
import type { Storage } from './storage.ts';

const half = (): number => 0.5;
const passing = (): HoldfastError =>
  new HoldfastError('unreachable', 'it is away', { retryable: true, hint: 'wait' });

function retrying(storage: Storage, options: Partial<RetryOptions> = {}): Storage {
  return withRetry(storage, createAttempt({ clock: createFakeClock(), random: half, ...options }));
}

storageContract('with retries', async () => ({ storage: retrying(createMemoryStorage()) }));

describe('createAttempt', () => {
  it('waits longer each time, told before', async () => {
    const clock = createFakeClock();
    const told: number[] = [];
    const attempt = createAttempt({ clock, random: half, onRetry: (_error, wait) => told.push(wait) });
    let tries = 0;
    const result = await attempt(async () => {
      if (++tries < 5) throw passing();
      return 'done';
    });
    assert.equal(result, 'done');
    assert.deepEqual(clock.sleeps, [500, 1000, 2000, 4000]);
    assert.deepEqual(told, clock.sleeps);
  });

  it('spreads the waits by chance', async () => {
    const waits: number[] = [];
    for (const random of [() => 0, () => 0.999]) {
      const clock = createFakeClock();
      let tries = 0;
      await createAttempt({ clock, random })(async () => {
        if (++tries < 2) throw passing();
      });
      waits.push(clock.sleeps[0]!);
    }
    assert.equal(waits[0], 250);
    assert.ok(waits[1]! > 740 && waits[1]! < 750);
  });

  it('gives up early as long as nothing has worked, and late afterwards', async () => {
    const clock = createFakeClock();
    const attempt = createAttempt({ clock, random: half });
    const fail = (): Promise<never> => Promise.reject(passing());
    const begun = clock.now();
    const error = await assertCode(attempt(fail), 'unreachable');
    assert.match(error.message, /^it is away \(tried \d+ times\)$/);
    assert.equal(error.hint, 'wait');
    assert.equal(error.retryable, false);
    assert.ok(clock.now() - begun <= 10_000);
    await attempt(async () => 'works');
    const later = clock.now();
    await assertCode(attempt(fail), 'unreachable');
    const patience = clock.now() - later;
    assert.ok(patience > 13 * 60_000 && patience <= 15 * 60_000, `${patience}`);
  });

  it('tells of an address where nothing works through one call alone', async () => {
    const told: string[] = [];
    const onRetry = (error: HoldfastError): number => told.push(error.message);
    const attempt = createAttempt({ clock: createFakeClock(), random: half, onRetry });
    const failing = [1, 2, 3].map((number) =>
      attempt(async () => {
        throw new HoldfastError('unreachable', `call ${number}`, { retryable: true });
      }),
    );
    await Promise.allSettled(failing);
    assert.ok(told.length > 0);
    assert.deepEqual(new Set(told), new Set(['call 1']));
  });

  it('tries once what will not pass', async () => {
    let tries = 0;
    const attempt = createAttempt({ clock: createFakeClock(), random: half });
    await assertCode(
      attempt(async () => {
        tries++;
        throw new HoldfastError('forbidden', 'no');
      }),
      'forbidden',
    );
    await assert.rejects(
      attempt(async () => {
        tries++;
        throw new TypeError('a bug');
      }),
      TypeError,
    );
    assert.equal(tries, 2);
  });

  it('stops waiting when it is interrupted', async () => {
    const controller = new AbortController();
    const attempt = createAttempt({ clock: createFakeClock(), random: half });
    let tries = 0;
    const work = attempt(async () => {
      if (++tries === 3) controller.abort(new Error('enough'));
      throw passing();
    }, controller.signal);
    await assertCode(work, 'interrupted');
    assert.equal(tries, 3);
  });
});

describe('withRetry', () => {
  it('gets everything through many faults', async () => {
    const inner = createMemoryStorage();
    const faulty = createFaultyStorage(inner, { seed: 42, failures: 0.4, lostAnswers: 0.3, cuts: 0.5 });
    const storage = retrying(faulty, { firstPatience: 1e9, patience: 1e9 });
    const content = patternBytes(300_000);
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => storage.write(`x/${i}`, content, { ifAbsent: true })),
    );
    assert.equal((await listAll(inner, 'x/')).length, 50);
    for (let i = 0; i < 50; i++) {
      assert.deepEqual(await storage.read(`x/${i}`), content);
      const pieces = await Array.fromAsync(storage.stream(`x/${i}`, { offset: 10, length: 290_000 }));
      assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), content.slice(10, 290_010));
      await storage.remove(`x/${i}`);
    }
    assert.equal((await listAll(inner, '')).length, 0);
  });

  it('does not repeat a body that is a stream', async () => {
    let tries = 0;
    const inner = createMemoryStorage();
    const failing: Storage = {
      ...inner,
      write: async () => {
        tries++;
        throw passing();
      },
    };
    async function* body(): AsyncGenerator<Uint8Array> {
      yield patternBytes(5);
    }
    await assertCode(retrying(failing).write('x', body()), 'unreachable');
    assert.equal(tries, 1);
  });

  it('still refuses what somebody else has written in between', async () => {
    const inner = createMemoryStorage();
    let tries = 0;
    const storage = retrying({
      ...inner,
      write: async (name, body, options) => {
        if (++tries > 1) return inner.write(name, body, options);
        await inner.write(name, patternBytes(10, 99), options);
        throw passing();
      },
    });
    await assertCode(storage.write('x', patternBytes(10, 1), { ifAbsent: true }), 'exists');
  });
});
