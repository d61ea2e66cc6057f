/** A source: what is protected. */
import type { Entry } from './entry.ts';

export interface Source {
  /** for messages: `standard input`, `pg_dump` */
  readonly name: string;
  /** how many entries of rows may be read at once; 1 when undefined */
  readonly concurrency?: number;
  /**
   * It takes a while until the first entry is there: it may be asked for before there is anywhere to store it, and when
   * that takes too long, its end is asked for, and the entries anew.
   */
  readonly startsEarly?: boolean;
  /**
   * The content of each entry is read before the next is asked for, unless the source has a concurrency. Ends early with the code `interrupted` when the
   * signal aborts.
   */
  entries(signal: AbortSignal, previous?: PreviousFile): AsyncIterable<Entry>;
}

/** A small file of the last snapshot of the same source, by its path there; undefined when there is none. */
export type PreviousFile = (path: string) => Promise<Uint8Array | undefined>;
