/** Which SQLite database a URL means. */
import { resolve } from 'node:path';
import { decode, usage } from '../database/database-url.ts';

/**
 * The absolute path of the database: `sqlite:PATH` has it as it is, `sqlite:///PATH` is a URL, in which `%20` is a
 * blank. Code `usage`.
 */
export function parseSqliteUrl(url: string): string {
  const [, slashes, rest] = /^sqlite:(\/\/)?(.*)$/s.exec(url) ?? [];
  if (rest === undefined || rest === '') {
    throw usage('the URL names no database', 'write it as sqlite:/path/app.db');
  }
  if (rest.includes('\0')) throw usage('the path of the database makes no sense');
  if (slashes === undefined) return resolve(rest);
  if (!rest.startsWith('/')) {
    throw usage('a SQLite database is a file of this machine', 'write it as sqlite:/path/app.db');
  }
  return resolve(decode(rest));
}
