/** The thread that looks at a SQLite database. */
import { serve } from '../../kernel/pool-worker.ts';
import type { SqliteFindings } from './evidence.ts';
import { inspectDatabase } from './inspect-database.ts';

serve<undefined, string, SqliteFindings>(() => inspectDatabase);
