/** The certificate of a drill of an archive: what a repository's says, of one file. An archive has no key to sign it with. */
import { hostname } from 'node:os';
import type { Archive, ArchiveSnapshot, StoredArtefact } from '../../vaults/archive/archive.ts';
import type { Certificate } from '../drill/certificate.ts';
import { proofOf } from '../drill/report.ts';
import type { ArchiveDrillResult } from './drill.ts';

export function archiveCertificate(
  { storage }: Archive,
  { id, core, time, manifest }: ArchiveSnapshot,
  { name, known }: StoredArtefact,
  { result, kind, source, findings, seconds, started, finished }: ArchiveDrillResult,
  program: string,
): Certificate {
  const proof = proofOf(findings);
  const { differences, notes, counts, tables, queries, server, dumpedBy } = findings;
  return {
    version: 1,
    ...{ result, ...(proof && { proof }), differences, notes, archive: storage.location },
    snapshot: {
      ...{ id, time: new Date(time).toISOString() },
      ...(manifest && { hostname: manifest.hostname }),
      paths: manifest?.source.paths ?? [core],
      file: name,
      ...(known && { sha256: known.stored.sha256 }),
    },
    kind,
    ...(source && { source }),
    drill: {
      ...{ program, hostname: hostname() },
      ...(server !== undefined && { server }),
      ...(dumpedBy !== undefined && { dumpedBy }),
      started: new Date(started).toISOString(),
      finished: new Date(finished).toISOString(),
      seconds,
    },
    ...{ compared: counts, tables, queries },
  };
}
