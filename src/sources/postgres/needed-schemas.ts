/** Schemas that a dump of some tables takes for granted: pg_dump writes what stands in them, and not the schemas. */
import { quoteName, toDumpBytes } from './dump-tokens.ts';
import type { EditStatement } from './edit-dump.ts';
import type { DumpStatement } from './dump-statements.ts';

export interface NeededSchemas {
  /** Those that something is made in and that the dump does not make, in the bytes of the dump. */
  lacking(): string[];
}

/** Looks at all statements that are no rows. */
export function collectSchemas(): NeededSchemas & { look(statement: DumpStatement): void } {
  const needed = new Set<string>();
  const made = new Set<string>();
  return {
    look({ text, start, heading }) {
      if (!heading || !text.startsWith('CREATE ', start)) return;
      if (heading.type === 'SCHEMA') made.add(heading.name);
      else if (heading.schema !== '-' && !/^(?:pg_|information_schema$)/.test(heading.schema))
        needed.add(heading.schema);
    },
    lacking: () => [...needed].filter((name) => !made.has(name)),
  };
}

/** An edit that makes schemas where the settings at the head of a dump end. */
export function makesSchemas(
  edit: EditStatement,
  schemas: readonly string[],
  owner: string | false | undefined,
): EditStatement {
  if (schemas.length === 0) return edit;
  const whose = typeof owner === 'string' ? ` AUTHORIZATION ${quoteName(toDumpBytes(owner))}` : '';
  // several connections may have the same head
  const made = schemas.map((name) => `\nCREATE SCHEMA IF NOT EXISTS ${quoteName(name)}${whose};`).join('');
  return (statement) =>
    statement.text.startsWith('SET row_security ', statement.start)
      ? edit(statement) + made
      : edit(statement);
}
