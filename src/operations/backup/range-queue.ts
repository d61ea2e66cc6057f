/** The leader's queue: ranges that wait for a worker, and workers that wait for a range. */
import type { BackupReply, Range, RangeResult } from './protocol.ts';
import { signal } from './protocol.ts';

interface Task {
  readonly range: Range;
  resolve(result: RangeResult): void;
  reject(error: unknown): void;
}

export interface RangeQueue {
  /** Has a range visited by whichever worker is free; resolves to what became of it. */
  visit(range: Range): Promise<RangeResult>;
  /** The same for a range that a worker gives away: it has lowered the number of waiting workers itself. */
  visitGiven(range: Range): Promise<RangeResult>;
  /** A worker's wish for work. */
  next(): Promise<BackupReply>;
  /** A worker is through with a range. */
  complete(task: number, result: RangeResult): void;
  /** Sends all workers home. */
  end(): void;
  /** Rejects whatever is under way. */
  fail(error: unknown): void;
}

export function createRangeQueue(signals: Int32Array): RangeQueue {
  const tasks = new Map<number, Task>();
  const queued: number[] = [];
  const waiting: ((reply: BackupReply) => void)[] = [];
  let numbers = 0;
  let over = false;
  let failure: { error: unknown } | undefined;

  function match(): void {
    while (queued.length > 0 && waiting.length > 0) {
      const task = queued.shift()!;
      waiting.shift()!({ kind: 'range', task, range: tasks.get(task)!.range });
    }
  }

  function add(range: Range): Promise<RangeResult> {
    if (failure) return Promise.reject(failure.error as Error);
    return new Promise((resolve, reject) => {
      const task = ++numbers;
      tasks.set(task, { range, resolve, reject });
      queued.push(task);
      match();
    });
  }

  return {
    visit(range) {
      Atomics.sub(signals, signal.hungry, 1);
      return add(range);
    },
    visitGiven: add,
    next() {
      if (over) return Promise.resolve({ kind: 'no-more' });
      return new Promise((resolve) => {
        waiting.push(resolve);
        match();
      });
    },
    complete(task, result) {
      tasks.get(task)?.resolve(result);
      tasks.delete(task);
    },
    end() {
      over = true;
      for (const resolve of waiting.splice(0)) resolve({ kind: 'no-more' });
    },
    fail(error) {
      failure ??= { error };
      for (const task of tasks.values()) task.reject(error);
      tasks.clear();
      queued.length = 0;
    },
  };
}
