/** A restore's thread: decodes blobs and writes them into the files themselves. It never touches the storage. */
import { HoldfastError } from '../../kernel/errors.ts';
import { type PoolHost, serve, Transfer } from '../../kernel/pool-worker.ts';
import { createBlobDecoder } from '../../vaults/repository/blob-decoder.ts';
import { createEntry, finishDirectory } from './create-entry.ts';
import { createFileWriter } from './file-writer.ts';
import { createInspector } from './inspect.ts';
import type {
  BlobUses,
  FailedBlob,
  RestoreEvent,
  RestoreRequest,
  RestoreResponse,
  WorkerTask,
} from './protocol.ts';
import { counter } from './protocol.ts';
import { createWorkerState } from './worker-state.ts';

type Handle = (request: Exclude<RestoreRequest, { kind: 'begin' }>) => readonly FailedBlob[];

serve<undefined, RestoreRequest, RestoreResponse, RestoreEvent>((_, host) => {
  let handle: Handle | undefined;
  return (request) => {
    if (request.kind === 'begin') {
      handle = createHandler(request.task, host);
      return { failed: [] };
    }
    const failed = handle!(request);
    if (request.kind !== 'blobs') return { failed };
    const memory = request.bytes.buffer;
    return new Transfer({ failed, memory }, [memory]);
  };
});

function createHandler(task: WorkerTask, host: PoolHost<RestoreEvent, never>): Handle {
  const state = createWorkerState(task, host.worker, (event) => host.notify(event));
  const { index } = state;
  const decoder = createBlobDecoder(task.key);
  const writer = createFileWriter(state);
  const inspector = createInspector(state);
  const id = new Uint8Array(32);
  let uses: BlobUses | undefined;

  function writeUses(from: number, to: number, plain: Uint8Array): void {
    const { files, offsets, order } = uses!;
    for (let at = from; at < to; at++) {
      const use = order[at]!;
      writer.write(files[use]!, plain, offsets[use]!);
    }
  }

  function writeBlobs(from: number, to: number, start: number, bytes: Uint8Array): FailedBlob[] {
    const { entries, order } = uses!;
    const failed: FailedBlob[] = [];
    for (let at = from; at < to;) {
      const entry = entries[order[at]!]!;
      let end = at + 1;
      while (end < to && entries[order[end]!] === entry) end++;
      const offset = index.offsetOf(entry) - start;
      let plain: Uint8Array | undefined;
      try {
        index.readId(entry, id, 0);
        const sealed = bytes.subarray(offset, offset + index.lengthOf(entry));
        plain = decoder.decodeChecked(sealed, index.uncompressedLengthOf(entry), id, 0);
      } catch {
        failed.push({ from: at, to: end });
      }
      if (plain) writeUses(at, end, plain);
      at = end;
    }
    return failed;
  }

  return (request) => {
    switch (request.kind) {
      case 'arena':
        state.useArena(request.arena);
        return [];
      case 'uses':
        uses = request.uses;
        return [];
      case 'inspect':
        request.refs.forEach((ref) => inspector.inspect(ref));
        return [];
      case 'create':
        for (const ref of request.refs) {
          if (state.arena.type(ref) === 'file') writer.create(ref);
          else createEntry(state, ref);
        }
        return [];
      case 'blobs': {
        const { from, to, start, bytes } = request;
        return writeBlobs(from, to, start, bytes);
      }
      case 'plain': {
        const { from, to, bytes, reason } = request;
        if (bytes) writeUses(from, to, bytes);
        else {
          const error = new HoldfastError('corrupt', reason);
          for (let at = from; at < to; at++) writer.giveUp(uses!.files[uses!.order[at]!]!, error);
        }
        return [];
      }
      case 'directories':
        request.refs.forEach((ref) => finishDirectory(state, ref));
        return [];
      case 'end':
        writer.close();
        return [];
      case 'verify':
        for (const ref of request.refs) {
          const wrong = inspector.verify(ref);
          if (wrong === undefined) state.count(counter.verified, 1);
          else state.tellProblem(ref, new HoldfastError('corrupt', wrong));
        }
        return [];
    }
  };
}
