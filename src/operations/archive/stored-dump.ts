/** The database of an archive's file as something that its driver can restore, also when nothing but the file is known. */
import type { Context } from '../../kernel/context.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import type { DatabaseDriver, StoredDatabase } from '../../sources/database/driver.ts';
import { driverOfKind } from '../../sources/database/drivers.ts';
import type { DatabaseKind, Evidence } from '../../sources/database/evidence.ts';
import { decodeEvidence } from '../../sources/database/evidence.ts';
import type { OpenScript } from '../../sources/database/script.ts';
import type { Archive, StoredArtefact } from '../../vaults/archive/archive.ts';
import { openArtefact } from '../../vaults/archive/reader.ts';
import { openEvidence } from '../../vaults/archive/sealed-evidence.ts';
import { asScript, type DumpPrograms } from '../database/open-one-file.ts';
import { formOf } from './find.ts';

export interface ArchivedDump {
  readonly kind: DatabaseKind;
  readonly driver: DatabaseDriver;
  /** what was seen while it was made, as far as there is a manifest */
  readonly known: Evidence | undefined;
  /** as SQL, or as SQLite's own file */
  readonly open: OpenScript;
  /** Reads all of it. Codes `truncated`, `corrupt`. */
  stored(): Promise<StoredDatabase>;
}

/** Code `usage` for what is no dump of a database. */
export async function openArchivedDump(
  archive: Archive,
  artefact: StoredArtefact,
  where: DumpPrograms,
  context: Context,
): Promise<ArchivedDump> {
  const { signal } = context;
  const evidence = await openEvidence(archive, artefact.known, signal);
  const known = evidence === undefined ? undefined : decodeEvidence(Buffer.from(JSON.stringify(evidence)));
  const form = formOf(artefact);
  const content: OpenScript = () => openArtefact(archive, artefact, signal);
  const kind = known?.kind ?? (form === 'custom' ? 'postgres' : await kindOf(content(), artefact.name));
  const driver = await driverOfKind(kind);
  const open = asScript(driver, content, form === 'custom', where, context);
  return {
    ...{ kind, driver, known, open },
    async stored() {
      if (driver.openFile) return driver.openFile(open, known);
      throw new HoldfastError('unsupported', `a file of ${kind} cannot be restored`);
    },
  };
}

const headSize = 64 * 1024;
const kinds: readonly (readonly [DatabaseKind, RegExp])[] = [
  ['postgres', /^-- PostgreSQL database (?:cluster )?dump/m],
  ['mariadb', /^(?:-- MariaDB dump|-- Server version\s+\S*MariaDB)/m],
  ['mysql', /^-- MySQL dump/m],
  ['sqlite', /^SQLite format 3\0/],
];

/** Whose programs wrote it. */
async function kindOf(content: AsyncIterable<Uint8Array>, name: string): Promise<DatabaseKind> {
  let head = '';
  for await (const piece of content) {
    head += Buffer.from(piece).toString('latin1');
    if (head.length >= headSize) break;
  }
  const found = kinds.find(([, pattern]) => pattern.test(head));
  if (found) return found[0];
  throw new HoldfastError('usage', `${name} is no dump of a database that is known`, {
    hint: '`holdfast dump` writes it as it is, and --target puts it into a folder',
  });
}
