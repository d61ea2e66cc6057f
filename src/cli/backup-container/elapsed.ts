/** How long something took, as backup-container says it. */
import type { Clock } from '../../kernel/clock.ts';

/** `0h:1m:5s:250ms` since `began`, milliseconds since 1970. */
export function elapsedText(clock: Clock, began: number): string {
  const ms = Math.max(0, Math.round(clock.now() - began));
  const parts = [
    [3_600_000, Number.POSITIVE_INFINITY, 'h'],
    [60_000, 60, 'm'],
    [1000, 60, 's'],
    [1, 1000, 'ms'],
  ] as const;
  return parts.map(([unit, most, name]) => `${Math.floor(ms / unit) % most}${name}`).join(':');
}
