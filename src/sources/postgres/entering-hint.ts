/** What to look at when a server of PostgreSQL does not let psql in. */
import { absentHint, type EnteringHint, withEnteringHint } from '../database/entering-hint.ts';

/** A name with several addresses fails for each of them: one that answers counts more than those that do not. */
const hints: readonly EnteringHint[] = [
  {
    words: /password authentication failed|no password supplied/,
    hint: 'look at user and password; with a URL the password comes from ~/.pgpass, PGPASSWORD, or ?password_file=, ?password_env= or ?password_command= in it',
  },
  {
    words: /FATAL: +database ".*" does not exist/,
    hint: 'the name is what stands behind the last slash of a URL, with %20 for a space and so on; upper and lower case are told apart',
  },
  {
    words:
      /could not (?:connect|translate host name)|connection to server .* failed: (?:Connection (?:refused|timed out)|No such file|timeout expired|No route|Network is unreachable)/,
    hint: absentHint,
  },
];

/** Throws it again, with a hint where it speaks of entering. */
export function explainEntering(error: unknown): never {
  throw withEnteringHint(error, hints);
}
