/** What the benchmark of dumps finds, as it is kept in docs/benchmarks-dumps.json. */
import type { ScenarioResult } from '../result.ts';

export interface Night {
  /** what happened to the database before it */
  readonly what: string;
  /** bytes of the plain dump */
  readonly dumpBytes: number;
  /** bytes that the repository of each program grew by */
  readonly grown: Readonly<Record<string, number>>;
}

export interface GrowthResult {
  /** day of the measurement, ISO */
  readonly date: string;
  readonly machine: string;
  readonly server: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly nights: readonly Night[];
}

/** `programs` are the stock dump into nothing, and Holdfast's nights, by the names of pace.ts. */
export type PaceResult = ScenarioResult;

export interface DumpResults {
  readonly growth?: GrowthResult;
  readonly postgres?: PaceResult;
  readonly mariadb?: PaceResult;
  readonly 'mariadb-letters'?: PaceResult;
}
