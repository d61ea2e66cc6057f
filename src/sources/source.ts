/** A source: what is protected. */
import type { Entry } from './entry.ts';

export interface Source {
  /** for messages: `standard input`, `pg_dump` */
  readonly name: string;
  /**
   * Entries in ascending order of path; the content of each is read before the next is asked for.
   * Ends early with the code `interrupted` when the signal aborts.
   */
  entries(signal: AbortSignal): AsyncIterable<Entry>;
}
