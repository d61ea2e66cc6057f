/** A pool of worker threads with typed requests and answers; the other side is kernel/pool-worker.ts. */
import { getCompileCacheDir } from 'node:module';
import { dirname, extname } from 'node:path';
import type { Transferable } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import { carryError, uncarryError } from './carried-error.ts';
import { HoldfastError, messageOf } from './errors.ts';
import { expectNative } from './native/symbols.ts';
import type { FromWorker, ToWorker, WorkerStart } from './pool-protocol.ts';
import { Transfer } from './pool-worker.ts';

export interface PoolOptions<Data, Call, Reply> {
  /** threads, at least 1 */
  readonly size: number;
  /** threads that start at once, default all; the others wait for `startAll` */
  readonly first?: number;
  /** handed to every worker's `start`; copied as structured clone does, SharedArrayBuffers are shared */
  readonly data: Data;
  /** requests that may be with one worker at a time, default 1; 2 keeps a worker busy between answers */
  readonly depth?: number;
  /** answers what a worker asks with `host.call` */
  readonly onCall?: (
    request: Call,
    worker: number,
  ) => Reply | Transfer<Reply> | Promise<Reply | Transfer<Reply>>;
  /** takes what a worker says with `host.notify` */
  readonly onNotice?: (notice: Call, worker: number) => void;
}

export interface Pool<Request, Response> extends AsyncDisposable {
  /** threads that have been started; their numbers begin at 0 */
  readonly started: number;
  /** Requests given and not yet answered. */
  readonly pending: number;
  /** Starts the threads that have not been. They know nothing of what was broadcast before. */
  startAll(): void;
  /**
   * Runs a request on the worker with the least to do; waits in a queue while all have `depth` requests. `buffers`
   * move to the worker and are empty here afterwards. Rejects with what the handler threw, as a HoldfastError.
   */
  run(request: Request, buffers?: readonly Transferable[]): Promise<Response>;
  /** Runs a request on the worker of this number, which has been started, whatever else it has to do. */
  runOn(worker: number, request: Request, buffers?: readonly Transferable[]): Promise<Response>;
  /** Runs a request on every worker that has been started, whatever else they have to do; answers in the order of the workers. */
  broadcast(request: Request): Promise<Response[]>;
  /**
   * Ends all threads at once; what is still pending rejects with the code `interrupted`. Idempotent. A thread that stands in
   * a call of the system is not waited for: it has to be left to the end of the process.
   */
  close(): Promise<void>;
}

interface Pending<Response> {
  resolve(response: Response): void;
  reject(error: unknown): void;
}

interface Queued<Request, Response> extends Pending<Response> {
  readonly request: Request;
  readonly buffers: readonly Transferable[];
}

interface Thread<Response> {
  readonly index: number;
  readonly worker: Worker;
  readonly pending: Map<number, Pending<Response>>;
  /** resolves when the thread has loaded its modules, or is gone */
  readonly loaded: Promise<void>;
}

/** Short-lived objects are all that our threads make many of: a larger young generation only holds more of them. */
const resourceLimits = { maxYoungGenerationSizeMb: 24 };

/** For threads to come out of what they are in, milliseconds. */
const partingMs = 3000;

/** Threads take compiled modules from the cache of the main thread when their environment says where that is. */
function workerEnvironment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir();
  return cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(cache) };
}

/** The module beside `base` (an import.meta.url) named `./x-worker`: .ts in the source tree, .js in what is built from it. */
export function workerModule(base: string, name: string): URL {
  return new URL(name + extname(new URL(base).pathname), base);
}

/** Starts the threads. They end with `close` alone, so hold the pool with `await using` or try and finally. */
export function createPool<Request, Response, Data = undefined, Call = never, Reply = never>(
  module: URL,
  options: PoolOptions<Data, Call, Reply>,
): Pool<Request, Response> {
  const { size, first = size, depth = 1 } = options;
  const queue: Queued<Request, Response>[] = [];
  let queueHead = 0;
  let requests = 0;
  let broken: HoldfastError | undefined;
  const threads: Thread<Response>[] = [];
  expectNative();
  startThreads(first);

  function startThreads(count: number): void {
    while (threads.length < count) threads.push(startThread(threads.length));
  }

  function startThread(index: number): Thread<Response> {
    const start: WorkerStart<Data> = { data: options.data, worker: index };
    const worker = new Worker(module, { workerData: start, resourceLimits, env: workerEnvironment() });
    const { promise: loaded, resolve: setLoaded } = Promise.withResolvers<void>();
    const thread: Thread<Response> = { index, worker, pending: new Map(), loaded };
    worker.on('message', (message: FromWorker<Response, Call>) => {
      if (message.kind === 'ready') setLoaded();
      else receive(thread, message);
    });
    worker.on('exit', () => setLoaded());
    worker.on('error', (error) =>
      fail(new HoldfastError('failed', `a worker thread failed: ${messageOf(error)}`, { cause: error })),
    );
    worker.on('exit', (code) =>
      fail(new HoldfastError('failed', `a worker thread ended early with status ${code}`)),
    );
    return thread;
  }

  function receive(
    thread: Thread<Response>,
    message: Exclude<FromWorker<Response, Call>, { kind: 'ready' }>,
  ): void {
    if (message.kind === 'call') {
      void serveCall(thread, message.id, message.request);
    } else if (message.kind === 'notice') {
      options.onNotice?.(message.notice, thread.index);
    } else {
      const pending = thread.pending.get(message.id);
      thread.pending.delete(message.id);
      if (message.kind === 'done') pending?.resolve(message.response);
      else pending?.reject(uncarryError(message.error));
      feed();
    }
  }

  async function serveCall(thread: Thread<Response>, id: number, request: Call): Promise<void> {
    let message: ToWorker<Request, Reply>;
    let buffers: readonly Transferable[] = [];
    try {
      if (!options.onCall) throw new HoldfastError('failed', 'the owner of this pool answers no calls');
      const answer = await options.onCall(request, thread.index);
      if (answer instanceof Transfer) buffers = answer.buffers;
      message = { kind: 'reply', id, reply: answer instanceof Transfer ? answer.value : answer };
    } catch (error) {
      message = { kind: 'refused', id, error: carryError(error) };
    }
    if (!broken) thread.worker.postMessage(message, buffers);
  }

  function send(thread: Thread<Response>, entry: Queued<Request, Response>): void {
    const id = ++requests;
    thread.pending.set(id, entry);
    const message: ToWorker<Request, Reply> = { kind: 'request', id, request: entry.request };
    try {
      thread.worker.postMessage(message, entry.buffers);
    } catch (error) {
      thread.pending.delete(id);
      entry.reject(
        new HoldfastError('failed', `a request could not be sent to a worker thread: ${messageOf(error)}`, {
          cause: error,
        }),
      );
    }
  }

  function idlest(): Thread<Response> | undefined {
    let best: Thread<Response> | undefined;
    for (const thread of threads) {
      if (thread.pending.size < depth && (!best || thread.pending.size < best.pending.size)) best = thread;
    }
    return best;
  }

  function feed(): void {
    while (queueHead < queue.length) {
      const thread = idlest();
      if (!thread) return;
      send(thread, queue[queueHead++]!);
    }
    queue.length = 0;
    queueHead = 0;
  }

  function fail(error: HoldfastError): void {
    if (broken) return;
    broken = error;
    for (const thread of threads) {
      for (const pending of thread.pending.values()) pending.reject(error);
      thread.pending.clear();
    }
    for (const entry of queue.splice(queueHead)) entry.reject(error);
    queue.length = 0;
    queueHead = 0;
  }

  const pool: Pool<Request, Response> = {
    get started() {
      return threads.length;
    },
    get pending() {
      return threads.reduce((sum, thread) => sum + thread.pending.size, queue.length - queueHead);
    },
    startAll() {
      if (!broken) startThreads(size);
      feed();
    },
    run: (request, buffers = []) =>
      new Promise((resolve, reject) => {
        if (broken) return reject(broken);
        queue.push({ request, buffers, resolve, reject });
        feed();
      }),
    runOn: (worker, request, buffers = []) =>
      new Promise((resolve, reject) => {
        if (broken) return reject(broken);
        send(threads[worker]!, { request, buffers, resolve, reject });
      }),
    broadcast: (request) => Promise.all(threads.map(({ index }) => pool.runOn(index, request))),
    async close() {
      fail(new HoldfastError('interrupted', 'the worker threads were closed'));
      // A thread that is ended while a native module loads takes the process with it.
      const ended = Promise.all(threads.map((thread) => thread.loaded.then(() => thread.worker.terminate())));
      const patience = Promise.withResolvers<void>();
      const late = setTimeout(() => patience.resolve(), partingMs);
      await Promise.race([ended, patience.promise]);
      clearTimeout(late);
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
  return pool;
}
