/** Instants as clocks on the wall show them, in this machine's zone or a named one, and back: names of artefacts carry such times. */

/** `month` from 1; `weekday` from 0, a Sunday. */
export interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly weekday: number;
}

/** @param zone an IANA name or `UTC`; this machine's when undefined */
export function wallTimeOf(ms: number, zone?: string): WallTime {
  const at = new Date(ms + offsetMs(ms, zone));
  return {
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
    weekday: at.getUTCDay(),
  };
}

/** True on the last day of a month. */
export function isLastOfMonth({ year, month, day }: WallTime): boolean {
  return new Date(Date.UTC(year, month, 0)).getUTCDate() === day;
}

/** Fixed-width: sorts as the times do, as long as clocks are not put back. */
export function wallText(time: WallTime): { readonly date: string; readonly clock: string } {
  const two = (value: number): string => String(value).padStart(2, '0');
  return {
    date: `${String(time.year).padStart(4, '0')}-${two(time.month)}-${two(time.day)}`,
    clock: `${two(time.hour)}-${two(time.minute)}-${two(time.second)}`,
  };
}

/**
 * The instant that `YYYY-MM-DD` and `HH-MM-SS` mean in a zone; undefined for what no calendar has. Of an hour that comes
 * twice it is the earlier one; one that is left out counts from before the change.
 */
export function instantOf(date: string, clock: string, zone?: string): number | undefined {
  const [year, month, day] = date.split('-').map(Number);
  const [hour, minute, second] = clock.split('-').map(Number);
  const wall = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!);
  const back = wallText(wallTimeOf(wall, 'UTC'));
  if (back.date !== date || back.clock !== clock) return undefined;
  const day1 = 86_400_000;
  const offsets = [offsetMs(wall - day1, zone), offsetMs(wall + day1, zone)];
  const fitting = offsets.map((offset) => wall - offset).filter((ms) => ms + offsetMs(ms, zone) === wall);
  return fitting.length > 0 ? Math.min(...fitting) : wall - offsets[0]!;
}

/** Minutes east of UTC. */
export function offsetMinutes(ms: number, zone?: string): number {
  return Math.round(offsetMs(ms, zone) / 60_000);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function offsetMs(ms: number, zone: string | undefined): number {
  if (zone === 'UTC') return 0;
  // as it is now: TZ may have been set since this program was started
  if (zone === undefined) return -new Date(ms).getTimezoneOffset() * 60_000;
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric', era: 'short' },
    });
    formats.set(zone, format);
  }
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type)!;
  const wall = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
  return wall - Math.floor(ms / 1000) * 1000;
}
