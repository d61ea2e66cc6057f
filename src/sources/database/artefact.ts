/** Several dumps of one database for several uses, all of one state: which are asked for, and what each is. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { Masking } from '../masking/masking.ts';
import type { DatabaseSourceOptions } from './driver.ts';
import type { Evidence, OneFileFormat } from './evidence.ts';

/** What is asked for; a setting that is left out is as the database's own dump program has it. */
export interface ArtefactChoice {
  /** plain SQL for psql, or the custom format for pg_restore */
  readonly format: OneFileFormat;
  /** false: without who owns what */
  readonly owner?: boolean;
  /** false: without who may do what */
  readonly privileges?: boolean;
  /** true: what is there by the same name goes before it is made; of plain SQL alone */
  readonly clean?: boolean;
  /** true: what goes before need not be there; with `clean` alone */
  readonly ifExists?: boolean;
  /** false: its name ends as scripts around pg_dump have it, `shop.gz` instead of `shop.sql.gz`; of plain SQL alone */
  readonly sqlInName?: boolean;
  /** what is to become of personal data */
  readonly masking?: Masking;
}

/** One dump, to be read to its end before the next is asked for. */
export interface Artefact {
  /** of its name: `.dump`, `.sql`, `.anon.sql`; `` or `.anon` without `.sql` */
  readonly extension: string;
  /** compressing it again makes nothing smaller */
  readonly compressed: boolean;
  /** a piece is valid until the next one is asked for */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** what was seen while it passed, once all of it has */
  evidence(): Evidence;
}

/** Those of a database: the choices of its source but for format and masking, which each artefact has its own. */
export type ArtefactOptions = Omit<DatabaseSourceOptions, 'format' | 'masking' | 'jobs' | 'globals'>;

/** The extension of each. Code `usage` for choices that contradict each other, or share a name. */
export function artefactExtensions(choices: readonly ArtefactChoice[]): readonly string[] {
  const extensions = choices.map(({ format, masking, sqlInName = true }) => {
    const form = format === 'custom' ? '.dump' : sqlInName ? '.sql' : '';
    return `${masking ? '.anon' : ''}${form}`;
  });
  for (const [i, { format, clean, ifExists, masking, sqlInName }] of choices.entries()) {
    const extension = extensions[i]!;
    if (extensions.indexOf(extension) < i) {
      throw usage(`two artefacts of a database would be called ${extension || 'the same'}`);
    }
    if (format === 'custom' && sqlInName !== undefined) {
      throw usage('a dump in the custom format has no .sql in its name');
    }
    if (format === 'custom' && masking) {
      throw usage('a dump in the custom format cannot be masked', 'format: sql can');
    }
    if (format === 'custom' && (clean || ifExists)) {
      throw usage(
        'a dump in the custom format cannot say what goes before it is restored',
        'pg_restore --clean --if-exists says it then',
      );
    }
    if (ifExists && !clean) throw usage('an artefact with if-exists needs clean as well');
  }
  return extensions;
}

function usage(message: string, hint?: string): HoldfastError {
  return new HoldfastError('usage', message, hint === undefined ? {} : { hint });
}
