/** A dump of mysqldump or mariadb-dump that is kept as one file, as something that can be restored. */
import type { StoredDatabase } from '../database/driver.ts';
import type { Evidence } from '../database/evidence.ts';
import type { OpenScript } from '../database/script.ts';
import { readScriptFacts } from './script-facts.ts';

/** The whole file is read before this resolves. Codes `truncated`, `corrupt`. */
export async function openPlainFile(open: OpenScript, known: Evidence | undefined): Promise<StoredDatabase> {
  let bytes = 0;
  const facts = await readScriptFacts(counted(open()));
  const parts = [{ name: known?.parts[0]?.name ?? 'dump.sql', bytes }];
  const evidence: Evidence = known
    ? { ...known, parts }
    : {
        ...{ version: 1, kind: facts.family, database: '', server: facts.server ?? '', dumpedBy: '' },
        ...{ encoding: '', extensions: [], schema: '', sequences: [], parts, format: 'sql', tables: [] },
      };
  return { evidence, read: () => open() };

  async function* counted(dump: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const piece of dump) {
      bytes += piece.length;
      yield piece;
    }
  }
}
