/** What a SQLite database holds, in a few figures, gathered on a thread of its own. */
import type { SqliteFacts, TableEvidence } from '../database/evidence.ts';
import { throwIfAborted } from '../../kernel/errors.ts';
import { createPool, workerModule } from '../../kernel/pool.ts';

export interface SqliteFindings {
  /** versions of the libraries that wrote to the database last, and that looked */
  readonly writtenBy: string;
  readonly readBy: string;
  readonly encoding: string;
  /** SHA-256 of the type, name, table and SQL of everything in the schema, each ended by a zero byte */
  readonly schema: string;
  /** the statements that set the counters of AUTOINCREMENT */
  readonly sequences: readonly string[];
  readonly tables: readonly Omit<TableEvidence, 'part'>[];
  readonly facts: Omit<SqliteFacts, 'permissions'>;
}

export interface EvidenceGathering extends AsyncDisposable {
  /** Codes `corrupt` when the check fails, `failed` for what is no database, `interrupted`. */
  readonly findings: Promise<SqliteFindings>;
}

export interface EvidenceRequest {
  readonly path: string;
  /** count and sum up the rows; without it they are only checked */
  readonly rows: boolean;
}

/**
 * Begins to read all of a database file that nobody writes to; leaves nothing beside it. The same rows have the same
 * checksum in every file: it is the sum of the hashes (kernel/row-hash.ts) of the lines of JSON that row-lines.ts makes of them.
 */
export function gatherEvidence(path: string, signal: AbortSignal, { rows = true } = {}): EvidenceGathering {
  throwIfAborted(signal);
  const module = workerModule(import.meta.url, './evidence-worker');
  const pool = createPool<EvidenceRequest, SqliteFindings>(module, { size: 1, data: undefined });
  const close = () => void pool.close();
  signal.addEventListener('abort', close, { once: true });
  const findings = pool.run({ path, rows });
  // may be awaited later
  findings.catch(() => {});
  return {
    findings,
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', close);
      await pool.close();
    },
  };
}
