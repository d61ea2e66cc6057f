/** Masks the statements of a SQLite schema: remarks, which SQLite keeps in them, and e-mail addresses in texts. */
import { ByteWriter } from '../../kernel/bytes.ts';
import type { ValueMasker } from '../masking/value-masker.ts';
import { readParts } from './schema-sql.ts';

export interface SchemaMasker {
  mask(sql: string): string;
  /** of remarks that are left out */
  readonly leftOut: number;
}

/** Names stay. `emails` is what becomes of a text with addresses in it. */
export function createSchemaMasker(emails: ValueMasker | undefined, keepRemarks: boolean): SchemaMasker {
  let leftOut = 0;
  return {
    get leftOut() {
      return leftOut;
    },
    mask(sql) {
      let masked = '';
      for (const { kind, source } of readParts(sql)) {
        if (kind === 'remark' && !keepRemarks) {
          leftOut++;
          masked += ' ';
        } else if (emails && (kind === 'text' || kind === 'remark') && source.includes('@')) {
          masked += withinQuotes(source, emails);
        } else masked += source;
      }
      return masked;
    },
  };
}

/** A quote within a text stays doubled: no address ends or begins with one. */
function withinQuotes(source: string, emails: ValueMasker): string {
  const quoted = source.startsWith("'");
  const text = Buffer.from(quoted ? source.slice(1, -1).replaceAll("''", "'") : source);
  const output = new ByteWriter();
  emails.mask(text, 0, text.length, output);
  const masked = Buffer.from(output.view()).toString();
  return quoted ? `'${masked.replaceAll("'", "''")}'` : masked;
}
