/** A database of generated rows, and what happens to it from night to night. */
import type { Command } from '../measure.ts';

export interface DumpDatabase {
  readonly kind: 'postgres' | 'mariadb';
  /** for messages: `PostgreSQL 15.14` */
  readonly server: string;
  /** what holdfast is told to back up, and the variables through which it may enter */
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  /** the stock program that writes the plain dump to standard output */
  readonly dump: Command;
  /** Appends a share of all rows, with ids of their own. */
  append(share: number): Promise<void>;
  /** Changes that share of the rows, in one run of ids. */
  changeNeighbours(share: number): Promise<void>;
  /** Changes that share of the rows, here and there. */
  changeScattered(share: number): Promise<void>;
  stop(): Promise<void>;
}

/** Bytes of a row in the dump, about. */
export const rowBytes = 166;

/** The tables, each with the same number of rows. */
export const tables = ['customers', 'orders'] as const;

/** The words of names and notes: eight bits each, of the lengths that words have. */
export const words = Array.from({ length: 256 }, (_, i) => {
  const [consonants, vowels] = ['bdfgklmnprstvz', 'aeiouy'];
  let word = '';
  for (let syllable = 0; syllable < 2 + (i % 2); syllable++) {
    const mixed = (i + 1) * (2654435761 + syllable * 40503);
    word += consonants[Math.floor(mixed / 64) % consonants.length]!;
    word += vowels[Math.floor(mixed / 1024) % vowels.length]!;
  }
  return word + (i % 5 === 0 ? 'n' : '');
});

/** A night's run of ids that changes: another one each night. */
export function neighbours(rows: number, share: number, night: number): [first: number, last: number] {
  const count = Math.max(1, Math.round(rows * share));
  const first = 1 + Math.floor((rows - count) * ((night * 0.381966) % 1));
  return [first, first + count - 1];
}
