/** Several dumps of one state of a database, read once for all archives that want the same ones. */
import { HoldfastError } from '../kernel/errors.ts';
import { artefactsInput, type ArchiveInput, databaseIdentity } from '../operations/archive/input.ts';
import { loadMasking } from '../operations/database/load-masking.ts';
import type { ArtefactChoice } from '../sources/database/artefact.ts';
import { joinPath, rawPath } from '../sources/files/path.ts';
import { readContent } from '../sources/read-content.ts';
import type { Source } from '../sources/source.ts';
import type { NewArtefact } from '../vaults/archive/writer.ts';
import type { JobArtefact } from './job.ts';
import type { OpenedStream } from './open-sources.ts';
import type { RunContext } from './run-context.ts';

export interface SharedArtefacts {
  /** what is read once; an entry for each dump */
  readonly source: Source;
  /** what an archive is given of it */
  input(shared: Source): ArchiveInput;
}

/** Codes `usage` for what is no database, and for choices that do not fit; those of masking rules. */
export async function sharedArtefacts(
  { database, source, path }: OpenedStream,
  wanted: readonly JobArtefact[],
  context: RunContext,
): Promise<SharedArtefacts> {
  if (!database)
    throw new HoldfastError('usage', `${source.name} is no database, of which artefacts can be made`);
  const { driver, address, options, named = databaseIdentity(address) } = database;
  const choices = await Promise.all(
    wanted.map(async ({ mask, ...choice }): Promise<ArtefactChoice> => {
      if (mask === undefined) return choice;
      return {
        ...choice,
        masking: await loadMasking({ environment: context.environment, context }, mask, driver),
      };
    }),
  );
  const { format: _format, masking: _masking, jobs: _jobs, globals: _globals, ...plain } = options;
  const { source: manifestSource, artefacts } = artefactsInput(address, choices, plain, named);
  // they are told by their places in the order
  const seen: NewArtefact[] = [];
  return {
    source: {
      name: source.name,
      async *entries(signal) {
        for await (const artefact of artefacts(signal)) {
          seen.push(artefact);
          yield {
            path: joinPath(rawPath(path), rawPath(`dump${artefact.extension}`)),
            permissions: 0o600,
            modified: options.modified,
            content: { kind: 'stream', bytes: artefact.bytes },
          };
        }
      },
    },
    input: (shared) => ({
      source: manifestSource,
      async *artefacts(signal) {
        let place = 0;
        for await (const { content } of shared.entries(signal)) {
          yield { ...seen[place++]!, bytes: readContent(shared.name, content) };
        }
      },
    }),
  };
}
