/** Several dumps of one PostgreSQL database out of one exported snapshot: whatever is written meanwhile, they agree. */
import { copyOf } from '../../kernel/bytes.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import {
  type Artefact,
  type ArtefactChoice,
  artefactExtensions,
  type ArtefactOptions,
} from '../database/artefact.ts';
import { decodeEvidence, type Evidence, evidenceName, type LeftOutFacet } from '../database/evidence.ts';
import { readContent } from '../read-content.ts';
import { connectionEnvironment, type PostgresConnection } from './connection.ts';
import { holdSnapshot } from './parallel-dump.ts';
import { findProgram } from './programs.ts';
import { postgresSource } from './source.ts';
import { withNewWord } from './whole-dump.ts';

/** The artefacts in the order of the choices; the snapshot is held until the last is read. Codes as `postgresSource`. */
export async function* postgresArtefacts(
  connection: PostgresConnection,
  folder: string,
  choices: readonly ArtefactChoice[],
  options: ArtefactOptions,
  signal: AbortSignal,
): AsyncGenerator<Artefact, void, void> {
  const extensions = artefactExtensions(choices);
  const { environment, programs, password } = options;
  const psql = await findProgram('psql', { environment, signal, folder: programs });
  const env = connectionEnvironment(connection, environment, password);
  await using held = await holdSnapshot(psql.path, { env, signal });
  for (const [i, choice] of choices.entries()) {
    const { format, masking } = choice;
    const source = postgresSource({
      ...options,
      ...{ connection, folder, format, masking, globals: false },
      without: withoutOf(choice),
      dump: { snapshot: held.id, compressed: format === 'custom', flags: flagsOf(choice) },
    });
    let evidence: Evidence | undefined;
    const bytes = dumpOf();
    yield {
      extension: extensions[i]!,
      compressed: format === 'custom',
      bytes: format === 'sql' ? withNewWord(bytes) : bytes,
      evidence() {
        if (evidence) return evidence;
        throw new HoldfastError('failed', 'not all of the dump was taken');
      },
    };

    async function* dumpOf(): AsyncGenerator<Uint8Array, void, void> {
      for await (const { path, content } of source.entries(signal)) {
        const read = readContent(source.name, content);
        if (Buffer.from(path).toString().endsWith(`/${evidenceName}`)) {
          evidence = decodeEvidence(Buffer.concat(await Array.fromAsync(read, copyOf)));
        } else {
          yield* read;
        }
      }
    }
  }
}

function flagsOf({ clean, ifExists }: ArtefactChoice): string[] {
  return [...(clean ? ['--clean'] : []), ...(ifExists ? ['--if-exists'] : [])];
}

/** An archive in the custom format has the owners whatever it is told: its reader is to leave them out. */
function withoutOf({ format, owner, privileges }: ArtefactChoice): readonly LeftOutFacet[] {
  return [
    ...(owner === false && format === 'sql' ? (['owner'] as const) : []),
    ...(privileges === false ? (['privileges'] as const) : []),
  ];
}
