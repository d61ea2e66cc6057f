/** The messages between a pool and its workers, in one place so that both sides agree. */
import type { CarriedError } from './carried-error.ts';

/** `workerData` of every thread. */
export interface WorkerStart<Data> {
  readonly data: Data;
  readonly worker: number;
}

export type ToWorker<Request, Reply> =
  | { readonly kind: 'request'; readonly id: number; readonly request: Request }
  | { readonly kind: 'reply'; readonly id: number; readonly reply: Reply }
  | { readonly kind: 'refused'; readonly id: number; readonly error: CarriedError };

export type FromWorker<Response, Call> =
  /** all modules are loaded */
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly id: number; readonly response: Response }
  | { readonly kind: 'failed'; readonly id: number; readonly error: CarriedError }
  | { readonly kind: 'call'; readonly id: number; readonly request: Call }
  | { readonly kind: 'notice'; readonly notice: Call };
