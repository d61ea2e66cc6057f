/** Sizes, times and names in the form that people read; restic's forms, so that eyes and scripts need not learn anew. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** 1536 is "1.500 KiB". */
export function formatBytes(bytes: number): string {
  let unit = 0;
  while (unit < units.length - 1 && bytes >= 2 ** (10 * (unit + 1))) unit++;
  return unit === 0 ? `${bytes} B` : `${(bytes / 2 ** (10 * unit)).toFixed(3)} ${units[unit]}`;
}

/** Part of a whole as "12.34%"; empty when the whole is nothing; never above 100. */
export function formatPercent(part: number, whole: number): string {
  return whole === 0 ? '' : `${Math.min(100, (100 * part) / whole).toFixed(2)}%`;
}

/** Whole seconds as "1:05" or "2:00:05". */
export function formatSeconds(seconds: number): string {
  const whole = Math.floor(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Milliseconds since 1970 as "2024-05-06 07:08:09" in the zone of this process. */
export function formatLocalTime(ms: number): string {
  const time = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, '0');
  const date = `${String(time.getFullYear()).padStart(4, '0')}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** A path as it is, or quoted and escaped when a terminal could not show it safely. */
export function quoteUnprintable(text: string): string {
  return /[\p{C}\p{Zl}\p{Zp}\ufffd]/u.test(text) ? JSON.stringify(text) : text;
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Columns that the text takes on a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    width += wide.test(character) ? 2 : 1;
  }
  return width;
}

/** The text, cut so that it takes at most `columns` on a terminal. */
export function truncate(text: string, columns: number): string {
  if (text.length * 2 <= columns) return text;
  let width = 0;
  let out = '';
  for (const character of text) {
    width += displayWidth(character);
    if (width > columns) return out;
    out += character;
  }
  return out;
}

/** "1 file", "2 files". */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
