/** Counts and sizes in the lines that a run tells. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `3.4 MiB` */
export function sizeText(bytes: number): string {
  let unit = 0;
  while (unit < units.length - 1 && bytes >= 2 ** (10 * (unit + 1))) unit++;
  return unit === 0 ? `${bytes} B` : `${(bytes / 2 ** (10 * unit)).toFixed(1)} ${units[unit]}`;
}

/** `1 file`, `2 files` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** To the second, in UTC. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
