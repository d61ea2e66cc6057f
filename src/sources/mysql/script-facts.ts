/** Reads a script that mysqldump or mariadb-dump wrote to its end: whether it is whole, and what server it was made of. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { Family } from './connection.ts';
import { type Account, addDefiners } from './definer-accounts.ts';

export interface ScriptFacts {
  readonly family: Family;
  /** as the server told it: `10.11.14-MariaDB-0+deb12u2`; undefined when the script does not say */
  readonly server: string | undefined;
  /** whom views and programs run as */
  readonly definers: readonly Account[];
}

/** A definer stands within so many bytes from the start of what is looked at. */
const longestDefiner = 1024;
const headSize = 16 * 1024;
const tailSize = 512;

/** Code `truncated` when the script ends before its end. */
export async function readScriptFacts(script: AsyncIterable<Uint8Array>): Promise<ScriptFacts> {
  const users = new Map<string, Account>();
  let head = '';
  let tail = '';
  for await (const piece of script) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    if (head.length < headSize) head += bytes.toString('latin1', 0, headSize);
    collectDefiners(tail, bytes, users);
    tail = (tail + bytes.toString('latin1', Math.max(0, bytes.length - longestDefiner))).slice(
      -longestDefiner,
    );
  }
  // an option file may have asked for a dump without comments: then the end tells nothing
  const isCommented = /^-- (?:MySQL|MariaDB) dump /m.test(head);
  if (isCommented && !tail.slice(-tailSize).includes('-- Dump completed')) {
    throw new HoldfastError('truncated', 'the dump ends before its end');
  }
  const server = /^-- Server version\s+(\S+)/m.exec(head)?.[1];
  const family = (server ?? head).includes('MariaDB') ? 'mariadb' : 'mysql';
  return { family, server, definers: [...users.values()] };
}

/** Those that begin in the piece, or in what came before it and end there. */
function collectDefiners(before: string, bytes: Buffer, users: Map<string, Account>): void {
  const across = before + bytes.toString('latin1', 0, longestDefiner);
  if (across.includes('DEFINER=`')) addDefiners(Buffer.from(across, 'latin1').toString(), users);
  for (let at = bytes.indexOf('DEFINER=`'); at >= 0; at = bytes.indexOf('DEFINER=`', at + 1)) {
    addDefiners(bytes.toString('utf8', at, at + longestDefiner), users);
  }
}
