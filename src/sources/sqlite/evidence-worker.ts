/** The thread that looks at a SQLite database. */
import { serve } from '../../kernel/pool-worker.ts';
import type { EvidenceRequest, SqliteFindings } from './evidence.ts';
import { inspectDatabase } from './inspect-database.ts';

serve<undefined, EvidenceRequest, SqliteFindings>(() => inspectDatabase);
