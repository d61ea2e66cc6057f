/** Finds what a dump takes for granted and does not make: roles and tablespaces. */
import { createLineInput } from '../database/line-input.ts';

export interface Named {
  readonly roles: Set<string>;
  readonly tablespaces: Set<string>;
}

const identifier = String.raw`(?:"(?:[^"]|"")+"|[^\s";,]+)`;
const list = `(${identifier}(?:, ${identifier})*)`;
/** The statements of pg_dump that name roles, each on one line. */
const naming = [
  `^ALTER .* OWNER TO ${list};$`,
  `^(?:ALTER DEFAULT PRIVILEGES .*)?\\b(?:GRANT|REVOKE) .* (?:TO|FROM) ${list}(?: WITH GRANT OPTION)?(?: GRANTED BY .*)?;$`,
  `^ALTER DEFAULT PRIVILEGES FOR ROLE ${list} `,
  `^(?:GRANT|REVOKE) .* GRANTED BY ${list};$`,
  `^CREATE POLICY .* TO ${list}(?: USING .*| WITH CHECK .*|;)$`,
  `^CREATE USER MAPPING FOR ${list} SERVER `,
  `^SET SESSION AUTHORIZATION ${list};$`,
].map((pattern) => new RegExp(pattern));
const tablespace = new RegExp(`^SET default_tablespace = (${identifier});$`);

/** Adds what the lines of a part name. Lines inside of function bodies may name too many; that does no harm. */
export async function collectNamed(part: AsyncIterable<Uint8Array>, named: Named): Promise<void> {
  const input = createLineInput(part);
  for (;;) {
    const line = (await input.line())?.toString().trimEnd();
    if (line === undefined) return;
    for (const pattern of naming) {
      for (const [name] of pattern.exec(line)?.[1]?.matchAll(new RegExp(identifier, 'g')) ?? []) {
        if (name !== 'PUBLIC' && !keywords.has(name)) named.roles.add(unquoted(name));
      }
    }
    const space = tablespace.exec(line)?.[1];
    if (space !== undefined && space !== "''") named.tablespaces.add(unquoted(space));
  }
}

/** What stands for whoever is there. */
const keywords = new Set(['CURRENT_USER', 'SESSION_USER', 'CURRENT_ROLE', 'DEFAULT']);

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
