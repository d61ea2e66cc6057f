/** What a drill found, and how long its stages took. */
import type { Clock } from '../../kernel/clock.ts';
import type { ComparedTable } from './compare.ts';
import type { QueryResult } from './queries.ts';

export interface DrillFindings {
  /** the server that was restored into; undefined for files */
  readonly server?: string;
  /** what read it back */
  readonly dumpedBy?: string;
  /** sentences; none when all is as it was */
  readonly differences: readonly string[];
  readonly notes: readonly string[];
  /** how many of what were compared */
  readonly counts: Readonly<Record<string, number>>;
  readonly tables: readonly ComparedTable[];
  readonly queries: readonly QueryResult[];
  /** nothing told what should come back: that it could be restored is all that was seen */
  readonly uncompared?: true;
}

/** What a drill without differences rests on: all that came back was compared, or it could be restored and no more is known. */
export type Proof = 'compared' | 'restored';

export function proofOf({ differences, uncompared }: DrillFindings): Proof | undefined {
  if (differences.length > 0) return undefined;
  return uncompared ? 'restored' : 'compared';
}

export const noFindings: DrillFindings = { differences: [], notes: [], counts: {}, tables: [], queries: [] };

export type Stage = 'start' | 'restore' | 'compare' | 'queries';

export interface Stages {
  time<T>(stage: Stage, work: () => Promise<T>): Promise<T>;
  /** the stage that began last */
  readonly last: Stage | undefined;
  /** seconds, by stage */
  readonly seconds: Readonly<Partial<Record<Stage, number>>>;
}

export function createStages(clock: Clock, onStage: (stage: Stage) => void): Stages {
  const seconds: Partial<Record<Stage, number>> = {};
  let last: Stage | undefined;
  return {
    get last() {
      return last;
    },
    seconds,
    async time(stage, work) {
      last = stage;
      onStage(stage);
      const started = clock.now();
      try {
        return await work();
      } finally {
        seconds[stage] = Math.round(clock.now() - started) / 1000;
      }
    },
  };
}
