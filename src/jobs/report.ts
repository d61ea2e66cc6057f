/** What a run comes to: whether it went well, the status that says so, and the text that people are sent. */
import { type ErrorCode, HoldfastError } from '../kernel/errors.ts';
import type { Step } from './job.ts';
import type { NotifyEvent, Outcome } from './notify/notification.ts';
import { counted } from './wording.ts';

export interface JobReport {
  readonly job: string;
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
  /** milliseconds since 1970 */
  readonly started: number;
  readonly finished: number;
}

export function outcomeOf(steps: readonly Step[]): Outcome {
  if (steps.some(({ outcome }) => outcome === 'failed')) return 'failure';
  return steps.some(({ outcome }) => outcome === 'warning') ? 'warning' : 'success';
}

/** A line for each thing that is wrong, else one that all is well. */
export function reportEvent({ job, outcome, steps, started, finished }: JobReport): NotifyEvent {
  const wrong = steps.filter((step) => step.outcome !== 'done');
  const words = { success: 'done', warning: 'done, with warnings', failure: 'failed' } as const;
  const subject = `holdfast: ${job} ${words[outcome]}`;
  const seconds = Math.round((finished - started) / 1000);
  const lines = [
    `${job} ${words[outcome]} after ${counted(seconds, 'second')}`,
    ...(wrong.length > 0 ? ['', ...wrong.map(stepLine)] : []),
    ...(wrong.length < steps.length
      ? ['', ...steps.filter((step) => step.outcome === 'done').map(stepLine)]
      : []),
  ];
  return {
    outcome,
    subject,
    message: lines.join('\n'),
    details: {
      job,
      started: new Date(started).toISOString(),
      finished: new Date(finished).toISOString(),
      steps,
    },
  };
}

/** `backup of shop to main: snapshot 1234abcd, ...` */
export function stepLine({ kind, outcome, subject, message }: Step): string {
  const mark = { done: '', warning: 'warning: ', failed: 'failed: ' }[outcome];
  return `${mark}${kind} ${subject}: ${message}`;
}

/**
 * How a command that ran these jobs ends; undefined when all is well. What failed decides: its own code when there is
 * but one, else `failed`. Without a failure, anything that wants to be looked at is `incomplete`.
 */
export function verdict(reports: readonly JobReport[]): HoldfastError | undefined {
  const bad = reports.filter(({ outcome }) => outcome === 'failure');
  if (bad.length > 0) {
    const failed = bad.flatMap(({ steps }) => steps.filter((step) => step.outcome === 'failed'));
    const codes = new Set(failed.map(({ code }): ErrorCode => code ?? 'failed'));
    const [only] = codes;
    const names = bad.map(({ job }) => job).join(', ');
    const message =
      reports.length === 1
        ? `the job ${names} failed`
        : `${bad.length} of ${reports.length} jobs failed: ${names}`;
    return new HoldfastError(codes.size === 1 ? only! : 'failed', message);
  }
  const warned = reports.filter(({ outcome }) => outcome === 'warning').map(({ job }) => job);
  if (warned.length === 0) return undefined;
  return new HoldfastError('incomplete', `done, but not without warnings: ${warned.join(', ')}`);
}
