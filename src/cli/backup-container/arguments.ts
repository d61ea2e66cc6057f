/** The flags of backup.sh: single letters that may stand together, as the shell's getopts reads them. */
import { HoldfastError } from '../../kernel/errors.ts';

export interface ContainerFlags {
  /** -h, -l and -c act where they stand: what follows them is not looked at */
  readonly atOnce: 'help' | 'list' | 'settings' | undefined;
  readonly restore: string | undefined;
  /** a database, or `all` */
  readonly verify: string | undefined;
  readonly filter: string | undefined;
  readonly adminPassword: string | undefined;
  readonly once: boolean;
  readonly scheduled: boolean;
  readonly prune: boolean;
  readonly ignoreErrors: boolean;
  /** databases for which this machine has no program are passed over */
  readonly nullPlugin: boolean;
  /** ours: tell what would be done */
  readonly dryRun: boolean;
}

const withValue = { r: 'restore', v: 'verify', f: 'filter', a: 'adminPassword' } as const;
const switches = {
  '1': 'once',
  s: 'scheduled',
  p: 'prune',
  I: 'ignoreErrors',
  n: 'nullPlugin',
} as const;
const acting = { h: 'help', l: 'list', c: 'settings' } as const;

/** Code `usage`. */
export function parseContainerFlags(args: readonly string[]): ContainerFlags {
  const flags: { -readonly [Name in keyof ContainerFlags]: ContainerFlags[Name] } = {
    atOnce: undefined,
    ...{ restore: undefined, verify: undefined, filter: undefined, adminPassword: undefined },
    ...{ once: false, scheduled: false, prune: false, ignoreErrors: false, nullPlugin: false, dryRun: false },
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--' && i === args.length - 1) break;
    if (arg === '--help') return { ...flags, atOnce: 'help' };
    if (arg === '--dry-run') {
      flags.dryRun = true;
      continue;
    }
    if (!/^-[^-]/.test(arg)) throw refused(`"${arg}" is not expected`);
    for (let at = 1; at < arg.length; at++) {
      const letter = arg[at]!;
      if (isKeyOf(acting, letter)) return { ...flags, atOnce: acting[letter] };
      if (isKeyOf(switches, letter)) {
        flags[switches[letter]] = true;
        continue;
      }
      if (!isKeyOf(withValue, letter)) throw refused(`unknown option "-${letter}"`);
      const value = at + 1 < arg.length ? arg.slice(at + 1) : args[++i];
      if (value === undefined || value === '') throw refused(`-${letter} needs a value`);
      flags[withValue[letter]] = value;
      break;
    }
  }
  return flags;
}

function isKeyOf<Table extends object>(table: Table, key: PropertyKey): key is keyof Table {
  return Object.hasOwn(table, key);
}

function refused(message: string): HoldfastError {
  return new HoldfastError('usage', message, { hint: '-h shows the flags' });
}

export const modes = [
  'prune',
  'restore',
  'verify',
  'scheduled-verify',
  'once',
  'scheduled',
  'cron',
  'legacy',
] as const;
export type Mode = (typeof modes)[number];

/**
 * What the flags mean together: prune, restore, verify, once, scheduled come in this order; without any it is cron where
 * there are schedules, else a loop. Code `usage` for -s by itself, or with -v, where there are none.
 */
export function modeOf(flags: ContainerFlags, hasSchedules: boolean): Mode {
  if (flags.prune) return 'prune';
  if (flags.restore !== undefined) return 'restore';
  if (flags.verify !== undefined && !flags.scheduled) return 'verify';
  if (flags.verify === undefined && flags.once) return 'once';
  if (!flags.scheduled) return hasSchedules ? 'cron' : 'legacy';
  if (hasSchedules) return flags.verify === undefined ? 'scheduled' : 'scheduled-verify';
  throw new HoldfastError('usage', 'scheduled mode (-s) needs at least one schedule in backup.conf', {
    hint: '-1 runs backups once, whatever the file says; -v without -s verifies',
  });
}
