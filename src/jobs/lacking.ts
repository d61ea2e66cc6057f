/** What a backup lacks though all of it could be read: those who are told of it are told this as well. */
import type { Step } from './job.ts';
import type { OpenedSource } from './open-sources.ts';

/** Sentences, once it was read. */
export function lackingOf(opened: OpenedSource): readonly string[] {
  if (opened.kind === 'stream') return [...opened.leftOut];
  return opened.missing.map((path) => `${path} does not exist`);
}

/** A drill proves what was backed up, and nothing of what was not. */
export function withLacking<Told extends Pick<Step, 'message'>>(told: Told, opened: OpenedSource): Told {
  const lacking = lackingOf(opened);
  if (lacking.length === 0) return told;
  return {
    ...told,
    message: [told.message, ...lacking.map((what) => `not in the backup: ${what}`)].join('; '),
  };
}
