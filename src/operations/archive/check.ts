/** Reads everything that an archive holds to its end, and holds it against what is known of it. */
import type { Context } from '../../kernel/context.ts';
import { hasCode, HoldfastError } from '../../kernel/errors.ts';
import type { Archive, StoredArtefact } from '../../vaults/archive/archive.ts';
import { createDigest } from '../../vaults/archive/digest.ts';
import { encodingKinds, encodingsOfName } from '../../vaults/archive/encodings/encoding.ts';
import { openArtefact } from '../../vaults/archive/reader.ts';
import type { SnapshotFilter } from '../../vaults/repository/snapshot-filter.ts';
import { chooseLost, chooseSnapshots, formOf, listWithOlder } from './find.ts';

export type ArchiveCheckEvent =
  /** how it was proven: decoded and compared, or what could be done without a manifest or a key */
  | { readonly kind: 'sound'; readonly name: string; readonly how: string }
  | { readonly kind: 'error'; readonly name: string; readonly message: string }
  | { readonly kind: 'note'; readonly message: string };

export interface ArchiveCheckResult {
  readonly files: number;
  readonly errors: number;
}

/** Damage is told and counted; what hinders the check itself is thrown. */
export async function checkArchive(
  archive: Archive,
  filter: SnapshotFilter,
  report: (event: ArchiveCheckEvent) => void,
  context: Context,
): Promise<ArchiveCheckResult> {
  const { signal } = context;
  let errors = 0;
  const warn = (message: string): void => {
    errors++;
    report({ kind: 'error', name: '', message });
  };
  const { snapshots, unfinished, lost } = await listWithOlder(
    archive,
    filter,
    // of what was replaced nothing is read that nobody named
    filter.ids?.length ? 'named' : 'none',
    { signal, warn },
  );
  for (const name of unfinished) {
    report({ kind: 'note', message: `${name} is of a run that was not finished; forget removes it in time` });
  }
  let files = 0;
  const chosen = chooseSnapshots(snapshots, filter);
  for (const { name, manifestName } of chooseLost(lost, chosen, filter)) {
    errors++;
    report({ kind: 'error', name, message: `it is missing, and ${manifestName} tells of it` });
  }
  for (const { layout, manifest, artefacts } of chosen) {
    if (layout === 'dated' && !manifest) {
      errors++;
      const missing =
        'its manifest.json is missing or damaged: what it holds is read, and compared with nothing';
      report({ kind: 'error', name: artefacts[0]!.name, message: missing });
    }
    for (const artefact of artefacts) {
      files++;
      try {
        report({ kind: 'sound', name: artefact.name, how: await checkOne(archive, artefact, signal) });
      } catch (error) {
        if (!hasCode(error, 'corrupt', 'truncated', 'not-found', 'unsupported')) throw error;
        errors++;
        report({ kind: 'error', name: artefact.name, message: error.message });
      }
    }
  }
  return { files, errors };
}

async function checkOne(archive: Archive, artefact: StoredArtefact, signal: AbortSignal): Promise<string> {
  const { known, name, version } = artefact;
  const encodings = known?.encodings ?? encodingsOfName(name).encodings;
  const { openpgpKeys = [], ageIdentities = [] } = archive.keys;
  const locked = encodings.find(
    (one) => encodingKinds[one].encrypts && (one === 'age' ? ageIdentities : openpgpKeys).length === 0,
  );
  if (locked !== undefined) {
    if (!known) return `not opened: it is encrypted with ${locked}, and no --identity is given`;
    const digest = createDigest();
    const stored = archive.storage.stream(name, { version, reuse: true, signal });
    for await (const _ of digest.watch(stored));
    const { sha256 } = digest.end();
    if (sha256 !== known.stored.sha256)
      throw new HoldfastError('corrupt', 'it is not what was stored: another SHA-256');
    return `stored bytes compared; not opened, as no --identity is given`;
  }
  let tail = Buffer.alloc(0);
  for await (const piece of openArtefact(archive, artefact, signal)) {
    tail = Buffer.concat([tail, piece.subarray(-tailSize)]).subarray(-tailSize);
  }
  if (known) return 'stored and decoded bytes compared';
  return plausible(artefact, tail);
}

const tailSize = 1024;
/** What stands at the end of a dump that is whole. */
const endings = /^-- (?:PostgreSQL database dump complete|Dump completed\b)/m;

/** Of a file that nothing is known of. Code `truncated` when it looks like a dump that was broken off. */
function plausible(artefact: StoredArtefact, tail: Buffer): string {
  if (formOf(artefact) !== 'sql') return 'decoded to its end; nothing else is known of it';
  if (endings.test(tail.toString('latin1'))) return 'decoded to its end, which is that of a whole dump';
  throw new HoldfastError('truncated', 'the dump ends before its end');
}
