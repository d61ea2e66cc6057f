/** The times that find --oldest and --newest understand. */
import { HoldfastError } from '../kernel/errors.ts';
import type { Time } from '../vaults/repository/format/node.ts';
import { timeFromMs } from '../vaults/repository/format/time.ts';

const date = /^(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)\.(\d\d)\.(\d{4}))/;
const clock = /^(?: (\d\d):(\d\d)(?::(\d\d)(?: (?:([+-])(\d\d)(\d\d)|(UTC|GMT)))?)?)?$/;

/** `2006-01-02`, `02.01.2006`, either with ` 15:04`, ` 15:04:05` and ` -0700` or ` UTC`; otherwise local time. */
export function parseSearchTime(text: string, flag: string): Time {
  const day = date.exec(text);
  const rest = day && clock.exec(text.slice(day[0].length));
  if (!day || !rest) throw badTime(text, flag);
  const [year, month, dayOfMonth] = [day[1] ?? day[6], day[2] ?? day[5], day[3] ?? day[4]].map(Number);
  const [hour, minute, second] = [rest[1], rest[2], rest[3]].map((part) => Number(part ?? 0));
  const fields = [year!, month! - 1, dayOfMonth!, hour!, minute!, second!] as const;
  const zone = (Number(rest[5] ?? 0) * 60 + Number(rest[6] ?? 0)) * (rest[4] === '-' ? -1 : 1);
  const absolute = rest[4] !== undefined || rest[7] !== undefined;
  const ms = absolute ? Date.UTC(...fields) - zone * 60_000 : new Date(...fields).getTime();
  const shown = new Date(Date.UTC(...fields));
  if (shown.getUTCMonth() !== fields[1] || shown.getUTCDate() !== fields[2] || minute! > 59) {
    throw badTime(text, flag);
  }
  return timeFromMs(ms);
}

function badTime(text: string, flag: string): HoldfastError {
  return new HoldfastError('usage', `${flag}: "${text}" is not a time`, {
    hint: 'write it like 2024-05-06, "2024-05-06 07:08" or "2024-05-06 07:08:09 +0200"',
  });
}
