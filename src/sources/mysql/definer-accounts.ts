/** Whom views and programs run as, as a dump names them. */

export type Account = readonly [name: string, host: string];

/** Adds those that a text names. */
export function addDefiners(text: string, users: Map<string, Account>): void {
  for (const [, user, host] of text.matchAll(/DEFINER=`((?:[^`]|``)*)`@`((?:[^`]|``)*)`/g)) {
    if (user === 'root' && host === 'localhost') continue;
    users.set(`${user}\0${host}`, [user!.replaceAll('``', '`'), host!.replaceAll('``', '`')]);
  }
}
