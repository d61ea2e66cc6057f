/** What to look at when a server of MySQL or MariaDB does not let its client in. */
import { absentHint, type EnteringHint, withEnteringHint } from '../database/entering-hint.ts';

/** Those of statements tell of a line behind the number, and are no matter of entering. */
const hints: readonly EnteringHint[] = [
  {
    words: /\bERROR 1698 \(28000\): /,
    hint: 'this user logs in by other means than a password, such as by the name that the system knows it by',
  },
  {
    words: /\bERROR (?:1045 \(\w+\)|\d+ \(28000\)): /,
    hint: 'look at user and password; with a URL the password comes from ~/.my.cnf, MYSQL_PWD, or ?password_file=, ?password_env= or ?password_command= in it',
  },
  { words: /\bERROR (?:2002|2003|2005) \(\w+\): /, hint: absentHint },
  {
    words: /\bERROR 1049 \(\w+\): /,
    hint: 'the name is what stands behind the last slash of a URL, with %20 for a space and so on; upper and lower case may be told apart',
  },
];

/** Throws it again, with a hint where it speaks of entering. */
export function explainEntering(error: unknown): never {
  throw withEnteringHint(error, hints);
}
