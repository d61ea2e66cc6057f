/** The worker's side of kernel/pool.ts: a thread's module calls `serve` once, and answers requests from then on. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Transferable } from 'node:worker_threads';
import { carryError, uncarryError } from './carried-error.ts';
import type { FromWorker, ToWorker, WorkerStart } from './pool-protocol.ts';

/** A response together with the buffers that move to the other thread instead of being copied. */
export class Transfer<T> {
  readonly value: T;
  readonly buffers: readonly Transferable[];

  constructor(value: T, buffers: readonly Transferable[]) {
    this.value = value;
    this.buffers = buffers;
  }
}

/** What a worker can ask of the thread that owns the pool. */
export interface PoolHost<Call, Reply> {
  /** which worker this is, 0 up to the pool's size */
  readonly worker: number;
  /** Asks the owner (its `onCall`) and waits for the answer; rejects with the owner's error. */
  call(request: Call, buffers?: readonly Transferable[]): Promise<Reply>;
  /** Tells the owner something (its `onNotice`), without an answer. */
  notify(notice: Call, buffers?: readonly Transferable[]): void;
}

export type Handler<Request, Response> = (
  request: Request,
) => Response | Transfer<Response> | Promise<Response | Transfer<Response>>;

/**
 * Starts answering. `start` is given the pool's `data` and returns the handler of all requests. Requests are handed
 * over as they arrive: an asynchronous handler may have several under way when the pool's `depth` says so.
 */
export function serve<Data, Request, Response, Call = never, Reply = never>(
  start: (
    data: Data,
    host: PoolHost<Call, Reply>,
  ) => Handler<Request, Response> | Promise<Handler<Request, Response>>,
): void {
  const port = parentPort;
  if (!port) throw new Error('serve() runs in worker threads only');
  const { data, worker } = workerData as WorkerStart<Data>;
  const waiting = new Map<number, { resolve(reply: Reply): void; reject(error: unknown): void }>();
  let calls = 0;
  const post = (message: FromWorker<Response, Call>, buffers: readonly Transferable[] = []): void =>
    port.postMessage(message, [...buffers]);
  const host: PoolHost<Call, Reply> = {
    worker,
    call: (request, buffers) =>
      new Promise((resolve, reject) => {
        const id = ++calls;
        waiting.set(id, { resolve, reject });
        post({ kind: 'call', id, request }, buffers);
      }),
    notify: (notice, buffers) => post({ kind: 'notice', notice }, buffers),
  };
  post({ kind: 'ready' });
  // Begun inside a promise, so that a failing start answers every request with its reason.
  const handler = Promise.resolve().then(() => start(data, host));
  handler.catch(() => {});

  async function answer(id: number, request: Request): Promise<void> {
    try {
      const handle = await handler;
      const result = await handle(request);
      if (result instanceof Transfer) post({ kind: 'done', id, response: result.value }, result.buffers);
      else post({ kind: 'done', id, response: result });
    } catch (error) {
      post({ kind: 'failed', id, error: carryError(error) });
    }
  }

  port.on('message', (message: ToWorker<Request, Reply>) => {
    if (message.kind === 'request') {
      void answer(message.id, message.request);
      return;
    }
    const caller = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.kind === 'reply') caller?.resolve(message.reply);
    else caller?.reject(uncarryError(message.error));
  });
}
