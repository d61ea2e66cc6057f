/** Reads a script that pg_dump wrote to its end: whether it is whole, and what it wants of the server that takes it. */
import { collectNeeds, editDump, type EditStatement, type Needs } from './edit-dump.ts';
import { splitDump } from './dump-parts.ts';
import { fromDumpBytes, nameAt, readTokens } from './dump-tokens.ts';
import { rolesMadeBy } from './script-roles.ts';

export interface ScriptFacts extends Needs {
  /** as pg_dump tells it: `15.14 (Debian 15.14-0+deb12u1)`; undefined when it does not */
  readonly server: string | undefined;
  readonly encoding: string;
  readonly extensions: readonly string[];
  /** roles that the script makes where they are missing */
  readonly made: ReadonlySet<string>;
  readonly tables: number;
}

/** Code `truncated` when the script ends before its end. */
export async function readScriptFacts(script: AsyncIterable<Uint8Array>): Promise<ScriptFacts> {
  const needs: Needs = { roles: new Set(), tablespaces: new Set() };
  const extensions = new Set<string>();
  const made = new Set<string>();
  let server: string | undefined;
  let encoding: string | undefined;
  let tables = 0;
  const look: EditStatement = ({ text, start }) => {
    const sql = text.slice(start);
    server ??= /^-- Dumped from database version (.+)$/m.exec(text.slice(0, start))?.[1];
    encoding = /^SET client_encoding = '([^']+)';/.exec(sql)?.[1] ?? encoding;
    if (sql.startsWith('CREATE EXTENSION ')) {
      const tokens = readTokens(sql);
      const name = nameAt(sql, tokens[sql.startsWith('CREATE EXTENSION IF NOT EXISTS') ? 5 : 2]);
      if (name !== undefined) extensions.add(fromDumpBytes(name));
    }
    for (const role of rolesMadeBy(sql)) made.add(fromDumpBytes(role));
    return '';
  };
  const collect = collectNeeds(({ text }) => text, needs);
  const both: EditStatement = (statement) => {
    collect(statement);
    return look(statement);
  };
  for await (const part of splitDump(script)) {
    if (part.kind === 'table') {
      tables++;
      for await (const _ of part.bytes);
    } else {
      for await (const _ of editDump(part.bytes, both));
    }
  }
  return { ...needs, server, encoding: encoding ?? 'UTF8', extensions: [...extensions], made, tables };
}
