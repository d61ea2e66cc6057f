/** The moving line of what takes a while: what people wait for stands first, where narrow terminals do not cut it off. */
import { formatBytes, formatPercent, formatSeconds, plural } from './format.ts';

export interface Progressed {
  readonly elapsedMs: number;
  readonly bytes: number;
  /** undefined while nobody knows how much there is */
  readonly totalBytes: number | undefined;
  /** bytes that need not be done any more, by which the rate is not judged */
  readonly skippedBytes?: number;
  readonly errors?: number;
  /** files and the like, done and in all */
  readonly counts: string;
}

export function progressLine({ elapsedMs, bytes, totalBytes, errors = 0, ...rest }: Progressed): string {
  const seconds = elapsedMs / 1000;
  const left = (totalBytes ?? 0) - bytes - (rest.skippedBytes ?? 0);
  const isKnown = seconds >= 1 && bytes > 0;
  const size =
    totalBytes === undefined ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`;
  const parts = [
    isKnown && left > 0 ? `ETA ${formatSeconds((left * seconds) / bytes)}` : '',
    isKnown ? `${formatBytes(Math.round(bytes / seconds))}/s` : '',
    errors > 0 ? plural(errors, 'error') : '',
    size,
    rest.counts,
  ].filter((part) => part !== '');
  const percent = totalBytes === undefined ? '' : ` ${formatPercent(bytes, totalBytes)}`;
  return `[${formatSeconds(seconds)}]${percent}  ${parts.join(', ')}`;
}
