/** A backup's worker thread: reads, cuts, hashes, deduplicates, compresses, seals and packs, from the file to the pack. */
import { carryError } from '../../kernel/carried-error.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { asBuffer } from '../../kernel/native/c-string.ts';
import { serve, Transfer, type PoolHost } from '../../kernel/pool-worker.ts';
import { createFingerprinter } from '../../sources/files/fingerprint.ts';
import { createSelection } from '../../sources/files/selection.ts';
import type { Storage } from '../../storage/storage.ts';
import { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import { createChunker, type Chunker, maxChunkSize } from '../../vaults/repository/chunker/chunker.ts';
import { createReader } from '../../vaults/repository/reader.ts';
import { createPacker, type Packer } from '../../vaults/repository/worker/packer.ts';
import type { Profile } from '../../vaults/repository/worker/profile.ts';
import { createEntryStore } from './entry-store.ts';
import { createKnownFolders } from './known-folders.ts';
import { attachKnownTrees, createTreeNotes } from './known-trees.ts';
import { createLookAhead } from './look-ahead.ts';
import { createNodeSequence } from './node-sequence.ts';
import { openPrevious } from './open-previous.ts';
import {
  type Ahead,
  type BackupCall,
  type BackupReply,
  type BackupRequest,
  type BackupResponse,
  counterNames,
  type CounterName,
  currentSlot,
  type RepositoryForWorkers,
  signal,
  type WorkerSetup,
} from './protocol.ts';
import { storeSlab } from './record-store.ts';
import { createSqliteFiles } from '../../sources/sqlite/files-in-tree.ts';
import { createBlobIds, createCutter, type Cutter, readSize } from './store-file.ts';
import { createWalker, type Walker } from './walker.ts';

type Host = PoolHost<BackupCall, BackupReply>;

/** Packs of one worker that may be on their way to the storage while it goes on. */
const packsUnderWay = 1;
/** The largest chunk, and a read behind it. */
const windowSize = maxChunkSize + readSize;
/** Entries that are listed before the repository is open: each takes about 150 bytes. */
const mostEntriesAhead = 300_000;
/**
 * Work that one worker is through with before another has begun, bytes: the threads of a backup of some small files would
 * take longer to start than it takes itself.
 */
const little = 8 * 1024 * 1024;
/** What an entry adds to the work, whatever its size. */
const entryWork = 128 * 1024;
/** Entries that are listed to see whether all below a directory is unchanged; beyond it is seen further down. */
const mostEntriesBelow = 20_000;

/** What a worker has once the repository is open. */
interface Opened {
  readonly packer: Packer;
  readonly chunker: Chunker;
  readonly walker: Walker;
}

serve<WorkerSetup, BackupRequest, BackupResponse, BackupCall, BackupReply>((setup, host) => {
  const signals = new Int32Array(setup.shared.signals);
  const profile: Profile | undefined = setup.profile ? {} : undefined;
  const selection = createSelection(setup.selection, (message) =>
    host.notify({ kind: 'item', item: { kind: 'remark', message } }),
  );
  const fingerprinter = createFingerprinter(setup.fingerprintSalt);
  const lookAhead = createLookAhead(selection, fingerprinter);
  const notes = createTreeNotes();
  /** by path, as latin1 text */
  const ahead = new Map<string, Ahead>();
  const tell = tellOfMuch(host);
  let opened: Opened | undefined;
  let slabs = Promise.resolve();
  let stream: { readonly cutter: Cutter; size: number } | undefined;
  const streamIds = createBlobIds();
  const packs = packSender(host, () => opened!.packer);

  function needOpened(): Opened {
    if (!opened)
      throw new HoldfastError('failed', 'the worker was asked to store before the repository was open');
    return opened;
  }

  function open(repository: RepositoryForWorkers): Opened {
    const index = BlobIndex.attach(repository.index);
    const known = repository.known && attachKnownTrees(repository.known);
    const chunker = createChunker(repository.chunker, repository.polynomial, windowSize);
    const packer = createPacker({
      key: repository.key,
      claims: index,
      compression: repository.compression,
      version: repository.version,
      packSize: repository.packSize,
      onPack: packs.send,
      profile,
    });
    const reader = createReader({
      storage: storageOfHost(host),
      key: repository.key,
      loadIndex: async () => index,
      signal: new AbortController().signal,
    });
    const counters = new Float64Array(setup.shared.counters);
    const base = host.worker * counterNames.length;
    const places = new Map<CounterName, number>(counterNames.map((name, i) => [name, base + i]));
    let work = 0;
    const count = (name: CounterName, by: number) => {
      counters[places.get(name)!]! += by;
      if (name === 'bytesSeen') work += by;
      else if (name !== 'bytesProcessed') work += by * entryWork;
      if (work > little) tell();
    };
    const store = createEntryStore({
      rules: setup.rules,
      withAtime: setup.withAtime,
      detail: setup.detail,
      chunker,
      packer,
      index,
      profile,
      count,
      current: showCurrent(setup.shared.current, host.worker),
      report: (item) => host.notify({ kind: 'item', item }),
      pause: packs.pause,
      takeAhead: (path, mayBeKnown) => {
        const key = asBuffer(path).toString('latin1');
        const found = ahead.get(key);
        ahead.delete(key);
        if (found || !mayBeKnown || !known) return found;
        return lookAhead.list(path, (entries) => entries >= mostEntriesBelow);
      },
      sqlite: setup.sqliteFolder === undefined ? undefined : createSqliteFiles(setup.sqliteFolder),
      folders: createKnownFolders({ fingerprinter, known, notes, count }),
    });
    const walker = createWalker(
      {
        async give(range) {
          const reply = await host.call({ kind: 'give', range });
          if (reply.kind !== 'nodes') throw unexpected(reply);
          return reply.result;
        },
        openPrevious: (id) => openPrevious(reader, index, id),
        pause: packs.pause,
        fail: (error) => host.notify({ kind: 'failure', error: carryError(error) }),
        signals,
      },
      store,
      selection,
    );
    return { packer, chunker, walker };
  }

  async function work(): Promise<void> {
    const { walker } = needOpened();
    for (;;) {
      Atomics.add(signals, signal.hungry, 1);
      const reply = await host.call({ kind: 'next' });
      if (reply.kind === 'no-more') return;
      if (reply.kind !== 'range') throw unexpected(reply);
      const { task, range } = reply;
      await walker.walk(range, (result) =>
        host.notify({ kind: 'result', task, result }, [result.nodes.buffer]),
      );
    }
  }

  return async (request) => {
    switch (request.kind) {
      case 'look-ahead':
        for (const path of request.paths) {
          const found = lookAhead.list(path, (entries) => {
            if (entries * entryWork > little) tell();
            return entries >= mostEntriesAhead || Atomics.load(signals, signal.open) !== 0;
          });
          if (found) ahead.set(asBuffer(path).toString('latin1'), found);
        }
        return { kind: 'done' };
      case 'open':
        opened = open(request.repository);
        return { kind: 'done' };
      case 'work':
        await work();
        return { kind: 'done' };
      case 'stream': {
        const { chunker, packer } = needOpened();
        stream ??= { cutter: createCutter(chunker, packer, streamIds, profile), size: 0 };
        for (let at = 0; at < request.bytes.length;) {
          const room = stream.cutter.room();
          const count = Math.min(room.length, request.bytes.length - at);
          chunker.buffer.set(request.bytes.subarray(at, at + count), room.at);
          stream.cutter.advance(count, false);
          at += count;
          await packs.pause();
        }
        stream.size += request.bytes.length;
        const { size } = stream;
        if (!request.last) return { kind: 'stored', ids: new Uint8Array(0), size, isNew: false };
        stream.cutter.advance(0, true);
        const ids = streamIds.bytes.slice(0, streamIds.count * 32);
        // the next stream of the source begins anew
        stream = undefined;
        streamIds.count = 0;
        return { kind: 'stored', ids, size, isNew: false };
      }
      case 'slab': {
        const { packer } = needOpened();
        // one after the other: what comes while one waits must not begin a pack
        const storing = slabs.then(() => storeSlab(packer, request.bytes, request.ends, packs.pause));
        slabs = storing.then(() => {});
        slabs.catch(() => {});
        const ids = await storing;
        return new Transfer({ kind: 'slab', ids }, [ids.buffer]);
      }
      case 'tree': {
        const sequence = createNodeSequence(needOpened().packer.compresses, () => {});
        for (const nodes of request.nodes) {
          if (nodes.length === 0) continue;
          sequence.begin();
          sequence.writer.writeBytes(nodes);
        }
        const { id, isNew, size } = sequence.storeTree(needOpened().packer);
        return { kind: 'stored', ids: id, size, isNew };
      }
      case 'take-partial': {
        return { kind: 'partial', packs: needOpened().packer.takePartial() };
      }
      case 'finish': {
        const { packer } = needOpened();
        for (const pack of request.partial) packer.absorb(pack);
        packer.finish();
        await packs.drained();
        const noted = notes.take();
        return new Transfer({ kind: 'finished', stats: packer.stats, profile: profile ?? {}, notes: noted }, [
          noted.buffer,
        ]);
      }
    }
  };
});

/** Tells the leader once that there is much to do. */
function tellOfMuch(host: Host): () => void {
  let told = false;
  return () => {
    if (!told) host.notify({ kind: 'much' });
    told = true;
  };
}

/** Hands packs to the leader, which stores them, and makes the worker wait when it is ahead of the storage. */
function packSender(host: Host, packer: () => Packer) {
  const underWay = new Set<Promise<void>>();
  let failure: unknown;
  return {
    send(pack: Parameters<Parameters<typeof createPacker>[0]['onPack']>[0]): void {
      const sending = host
        .call({ kind: 'pack', pack }, [pack.header.buffer])
        .then(() => packer().recycle(pack.buffer))
        .catch((error: unknown) => void (failure ??= error))
        .finally(() => underWay.delete(sending));
      underWay.add(sending);
    },
    pause(): Promise<void> | undefined {
      if (failure !== undefined) throw failure;
      return underWay.size > packsUnderWay ? Promise.race(underWay) : undefined;
    },
    async drained(): Promise<void> {
      await Promise.all(underWay);
      if (failure !== undefined) throw failure;
    },
  };
}

/** The leader's storage, for reading the parent snapshot's trees. */
function storageOfHost(host: Host): Pick<Storage, 'read'> {
  return {
    async read(name, options = {}) {
      const { offset, length } = options;
      const reply = await host.call({ kind: 'read', name, offset: offset ?? 0, length: length ?? 0 });
      if (reply.kind !== 'bytes') throw unexpected(reply);
      return reply.bytes;
    },
  };
}

function showCurrent(shared: SharedArrayBuffer, worker: number): (path: Uint8Array) => void {
  const length = new Uint32Array(shared, worker * currentSlot, 1);
  const text = new Uint8Array(shared, worker * currentSlot + 4, currentSlot - 4);
  return (path) => {
    const shown = path.length > text.length ? path.subarray(0, text.length) : path;
    text.set(shown);
    length[0] = shown.length;
  };
}

function unexpected(reply: BackupReply): HoldfastError {
  return new HoldfastError('failed', `a worker thread was answered with ${reply.kind}`);
}
