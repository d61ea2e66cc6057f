/** What rclone's own words mean: rclone speaks for a hundred services, and tells errors as text. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { ErrorCode } from '../../kernel/errors.ts';

export interface RclonePlace {
  /** such as `write data/ab/abcd` */
  readonly action: string;
  /** the location without secrets */
  readonly location: string;
  /** the remote's name */
  readonly name: string;
}

/** What stands for itself in rclone's answers, whatever the status. */
const absent = /(?:object|directory|file) not found|is a directory not a file|not a regular file/i;

export function isAbsent(words: string): boolean {
  return absent.test(words);
}

type Meaning = readonly [pattern: RegExp, code: ErrorCode, hint?: string];

const meanings: readonly Meaning[] = [
  [/didn't find section in config file|couldn't find (?:root|backend)|unknown backend/i, 'usage'],
  [
    /decrypt config|not allowed to ask for password|config password/i,
    'bad-credentials',
    'set RCLONE_CONFIG_PASS, or --password-command in -o rclone.args',
  ],
  [/no space left|quota|insufficient.?storage|disk full|storage ?full/i, 'disk-full', 'free or add space'],
  [
    /AccessDenied|access denied|permission denied|read-only file system|forbidden|status(?: ?code)? ?:?403/i,
    'forbidden',
    'look at what the remote permits',
  ],
  [
    /InvalidAccessKeyId|SignatureDoesNotMatch|unauthorized|unauthenticated|invalid_grant|token expired|couldn't fetch token|login|ssh: handshake failed|status(?: ?code)? ?:?401/i,
    'bad-credentials',
    'see whether `rclone lsd` on the same remote works; `rclone config reconnect` logs in again',
  ],
];

const passing =
  /connection|timeout|timed out|deadline exceeded|\bEOF\b|temporar|i\/o|no such host|network|rate.?limit|too many|slow ?down|try again|unavailable|internal error|status(?: ?code)? ?:?(?:429|5\d\d)/i;

/** The error for an answer of rclone that is a refusal. */
export function rcloneError(words: string, { action, location, name }: RclonePlace): HoldfastError {
  const told = plainWords(words);
  if (isAbsent(told)) {
    return new HoldfastError('not-found', `cannot ${action} in ${location}: it does not exist`);
  }
  const known = meanings.find(([pattern]) => pattern.test(told));
  if (known?.[1] === 'usage') {
    return new HoldfastError('usage', `rclone knows no remote ${name}: ${told}`, {
      hint: '`rclone listremotes` names those that are configured, `rclone config` makes one',
    });
  }
  const [, code, hint] = known ?? [];
  const retryable = code === undefined && passing.test(told);
  return new HoldfastError(
    code ?? (retryable ? 'unreachable' : 'failed'),
    `rclone cannot ${action} in ${location}: ${told}`,
    { retryable, ...(hint === undefined ? {} : { hint }) },
  );
}

/** Words of rclone without the times and levels of its log, and without the name that we gave the location. */
export function plainWords(words: string): string {
  return words
    .replace(/(?:\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d )?(?:NOTICE|ERROR|CRITICAL|INFO) *: /g, '')
    .replaceAll('holdfast_location:', '')
    .replace(/\s+/g, ' ')
    .trim();
}
