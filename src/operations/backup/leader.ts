/** The main thread's side of a backup: starts the workers, hands out ranges, stores what they pack. It touches no bytes. */
import { uncarryError } from '../../kernel/carried-error.ts';
import type { Context } from '../../kernel/context.ts';
import { createPool, type Pool, workerModule } from '../../kernel/pool.ts';
import { Transfer } from '../../kernel/pool-worker.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import type { RecordSlab } from '../../vaults/repository/chunker/record-chunker.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import { addProfile, type Profile } from '../../vaults/repository/worker/profile.ts';
import type { PackBytes, PackerStats } from '../../vaults/repository/worker/packer.ts';
import type { PackSink } from './pack-sink.ts';
import type {
  BackupCall,
  BackupReply,
  BackupRequest,
  BackupResponse,
  EncodedNodes,
  ItemEvent,
  Range,
  RepositoryForWorkers,
  WorkerSetup,
} from './protocol.ts';
import { signal } from './protocol.ts';
import { createRangeQueue } from './range-queue.ts';
import { createRecordStore, type RecordStore, type RecordStream } from './record-store.ts';

export interface StoredTree {
  readonly id: Uint8Array;
  readonly isNew: boolean;
}

export interface Leader extends AsyncDisposable {
  /** Lists directories while the repository is being opened. */
  lookAhead(paths: readonly Uint8Array[]): void;
  /** Hands the open repository to the workers and lets them begin. */
  open(repository: Repository, forWorkers: RepositoryForWorkers, sink: PackSink): Promise<void>;
  visit(range: Range): Promise<EncodedNodes>;
  /** Cuts and stores a stream; its content ids and size. */
  storeStream(bytes: AsyncIterable<Uint8Array>): Promise<{ content: Uint8Array; size: number }>;
  /** Cuts and stores a stream of rows in blocks of about `blockSize` bytes, while the next one may be read already. */
  storeRecords(bytes: AsyncIterable<Uint8Array>, blockSize: number): Promise<RecordStream>;
  storeTree(nodes: readonly EncodedNodes[]): Promise<StoredTree>;
  /** Writes the last packs. No range may be under way. */
  finish(): Promise<{ stats: PackerStats; profile: Profile; notes: Uint8Array[] }>;
  /** Rejects as soon as a worker or the storage fails. */
  readonly failed: Promise<never>;
}

/** @param team threads at most, and those that start at once: the others do when there is enough to do for them */
export function createLeader(
  team: { readonly workers: number; readonly first: number },
  setup: WorkerSetup,
  onItem: (item: ItemEvent) => void,
  context: Context,
): Leader {
  const signals = new Int32Array(setup.shared.signals);
  const queue = createRangeQueue(signals);
  let repository: Repository | undefined;
  let sink: PackSink | undefined;
  /** what a worker is to know before it works */
  let opening: BackupRequest | undefined;
  const working: Promise<unknown>[] = [];
  let isOver = false;
  let records: RecordStore | undefined;
  let rejectFailed: (error: unknown) => void;
  const failed = new Promise<never>((_, reject) => (rejectFailed = reject));
  failed.catch(() => {});

  function fail(error: unknown): void {
    Atomics.store(signals, signal.stop, 1);
    Atomics.store(signals, signal.open, 1);
    queue.fail(error);
    rejectFailed(error);
  }

  const interrupt = () =>
    fail(new HoldfastError('interrupted', 'interrupted', { cause: context.signal.reason }));
  context.signal.addEventListener('abort', interrupt, { once: true });

  async function answer(call: BackupCall): Promise<BackupReply | Transfer<BackupReply>> {
    switch (call.kind) {
      case 'next':
        return queue.next();
      case 'give':
        return { kind: 'nodes', result: await queue.visitGiven(call.range) };
      case 'pack':
        try {
          await sink!.take(call.pack);
          return { kind: 'stored' };
        } catch (error) {
          fail(error);
          throw error;
        }
      case 'read': {
        const { name, offset, length } = call;
        // Workers read nothing but the parent snapshot's trees, which the next run will want again.
        const range = { offset, length, keep: true, signal: context.signal };
        const bytes = await repository!.storage.read(name, range);
        return new Transfer<BackupReply>({ kind: 'bytes', bytes }, [bytes.buffer]);
      }
      default:
        throw new HoldfastError('failed', `a worker thread asked for ${call.kind}`);
    }
  }

  function notice(call: BackupCall): void {
    if (call.kind === 'item') onItem(call.item);
    else if (call.kind === 'result') queue.complete(call.task, call.result);
    else if (call.kind === 'much') enlist();
    else if (call.kind === 'failure') fail(uncarryError(call.error));
  }

  const pool: Pool<BackupRequest, BackupResponse> = createPool<
    BackupRequest,
    BackupResponse,
    WorkerSetup,
    BackupCall,
    BackupReply
  >(workerModule(import.meta.url, './worker'), {
    size: team.workers,
    first: team.first,
    data: setup,
    onCall: answer,
    onNotice: notice,
  });

  /** Calls in the workers that were not needed so far. */
  function enlist(): void {
    if (isOver || pool.started === team.workers) return;
    const next = pool.started;
    pool.startAll();
    if (opening) begin(next).catch(fail);
  }

  /** Lets the workers from this one on begin; resolves when they know the repository. */
  async function begin(worker: number): Promise<void> {
    const opened: Promise<unknown>[] = [];
    for (let next = worker; next < pool.started; next++) {
      opened.push(pool.runOn(next, opening!));
      working.push(pool.runOn(next, { kind: 'work' }));
      working.at(-1)!.catch(fail);
    }
    await Promise.all(opened);
  }

  async function storeSlab(worker: number, { bytes, ends }: RecordSlab): Promise<Uint8Array> {
    const response = await pool.runOn(worker, { kind: 'slab', bytes, ends }, [ends.buffer]);
    if (response.kind !== 'slab')
      throw new HoldfastError('failed', `a worker thread answered ${response.kind}`);
    return response.ids;
  }

  async function stored(request: BackupRequest): Promise<Extract<BackupResponse, { kind: 'stored' }>> {
    const response = await pool.runOn(0, request);
    if (response.kind !== 'stored')
      throw new HoldfastError('failed', `a worker thread answered ${response.kind}`);
    return response;
  }

  return {
    failed,
    lookAhead(paths) {
      pool.runOn(0, { kind: 'look-ahead', paths }).catch(fail);
    },
    async open(opened, forWorkers, to) {
      repository = opened;
      sink = to;
      Atomics.store(signals, signal.open, 1);
      opening = { kind: 'open', repository: forWorkers };
      await begin(0);
    },
    visit: async (range) => (await queue.visit(range)).nodes,
    async storeStream(bytes) {
      for await (const piece of bytes) await stored({ kind: 'stream', bytes: piece, last: false });
      const { ids, size } = await stored({ kind: 'stream', bytes: new Uint8Array(0), last: true });
      return { content: ids, size };
    },
    storeRecords(bytes, blockSize) {
      const workers = {
        most: team.workers,
        enlist,
        get present() {
          return pool.started;
        },
      };
      records ??= createRecordStore(repository!.config.chunkerPolynomial, workers, storeSlab);
      return records.store(bytes, blockSize);
    },
    async storeTree(nodes) {
      const { ids, isNew } = await stored({ kind: 'tree', nodes });
      return { id: ids, isNew };
    },
    async finish() {
      isOver = true;
      queue.end();
      await Promise.all(working);
      const stats: PackerStats = { dataBlobs: 0, treeBlobs: 0, bytesAdded: 0, bytesPacked: 0 };
      const profile: Profile = {};
      const notes: Uint8Array[] = [];
      // What the workers have begun is put together, so that a small backup is one pack of each kind.
      let partial: PackBytes[] = [];
      for (let worker = pool.started - 1; worker > 0; worker--) {
        const response = await pool.runOn(worker, { kind: 'take-partial' });
        if (response.kind === 'partial') partial = [...partial, ...response.packs];
      }
      for (let worker = pool.started - 1; worker >= 0; worker--) {
        const mine = worker === 0 ? partial : [];
        const response = await pool.runOn(worker, { kind: 'finish', partial: mine });
        if (response.kind !== 'finished') continue;
        for (const name of Object.keys(stats) as (keyof PackerStats)[]) stats[name] += response.stats[name];
        addProfile(profile, response.profile);
        notes.push(response.notes);
      }
      return { stats, profile, notes };
    },
    async [Symbol.asyncDispose]() {
      context.signal.removeEventListener('abort', interrupt);
      Atomics.store(signals, signal.stop, 1);
      await pool.close();
    },
  };
}
