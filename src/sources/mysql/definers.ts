/** In whose name triggers, routines, events and views run: each says it, and the server it goes to may not know the user. */
import { HoldfastError } from '../../kernel/errors.ts';
import { quoteIdentifier } from './identifier.ts';

const account = 'DEFINER=`(?:[^`]|``)*`@`(?:[^`]|``)*`';
/** Where the dump programs write it, at the beginning of a line: bodies are left as they are. */
const definers = new RegExp(
  `^((?:/\\*!\\d+ )?CREATE(?:\\*/ /\\*!\\d+)? (?:OR REPLACE )?|/\\*!50013 )(${account})( ?)`,
  'gm',
);

/** With `USER@HOST` as the definer of everything, or, when `false`, whoever runs the dump. Code `usage`. */
export function editDefiners(text: Buffer, owner: string | false): Uint8Array {
  const named = owner === false ? '' : `DEFINER=${parseAccount(owner)}`;
  const edited = text
    .toString('latin1')
    .replaceAll(
      definers,
      (_, before: string, _definer: string, space: string) => `${before}${named}${named === '' ? '' : space}`,
    );
  return Buffer.from(edited, 'latin1');
}

function parseAccount(owner: string): string {
  const at = owner.lastIndexOf('@');
  const [user, host] = at < 0 ? [owner, '%'] : [owner.slice(0, at), owner.slice(at + 1)];
  if (user === '' || host === '') {
    throw new HoldfastError('usage', `"${owner}" is no user`, { hint: 'write it as USER@HOST' });
  }
  const quoted = `${quoteIdentifier(user)}@${quoteIdentifier(host)}`;
  return Buffer.from(quoted).toString('latin1');
}
