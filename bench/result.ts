/** What the benchmark finds, as it is kept in docs/benchmarks.json. */
import { cpus, release, totalmem } from 'node:os';
import type { Measurement } from './measure.ts';
import { median } from './measure.ts';

export interface Figures {
  /** seconds of wall clock, run by run */
  readonly seconds: readonly number[];
  readonly medianSeconds: number;
  readonly medianCpuSeconds: number;
  /** the highest of all runs */
  readonly peakMiB: number;
  /** bytes that the repository takes on disk after this work, where that says something */
  readonly repositoryBytes?: number;
}

export interface ScenarioResult {
  readonly title: string;
  /** what was worked on, one sentence */
  readonly subject: string;
  /** day of the measurement, ISO */
  readonly date: string;
  readonly machine: string;
  /** figures by program */
  readonly programs: Readonly<Record<string, Figures>>;
  readonly versions: Readonly<Record<string, string>>;
}

/** Scenario name to result. */
export type Results = Readonly<Record<string, ScenarioResult>>;

/** Collects the runs of one kind of work. */
export interface Collector {
  add(program: string, measurement: Measurement, repositoryBytes?: number): void;
  result(title: string, subject: string, versions: Readonly<Record<string, string>>): ScenarioResult;
}

export function createCollector(): Collector {
  const runs = new Map<string, { measurements: Measurement[]; repositoryBytes: number | undefined }>();
  return {
    add(program, measurement, repositoryBytes) {
      const found = runs.get(program) ?? { measurements: [], repositoryBytes: undefined };
      found.measurements.push(measurement);
      found.repositoryBytes = repositoryBytes ?? found.repositoryBytes;
      runs.set(program, found);
    },
    result(title, subject, versions) {
      const programs = Object.fromEntries(
        [...runs].map(([name, { measurements, repositoryBytes }]) => [
          name,
          figures(measurements, repositoryBytes),
        ]),
      );
      const used = Object.fromEntries(Object.entries(versions).filter(([name]) => runs.has(name)));
      return {
        title,
        subject,
        date: new Date().toISOString().slice(0, 10),
        machine: machine(),
        programs,
        versions: used,
      };
    },
  };
}

function figures(measurements: readonly Measurement[], repositoryBytes: number | undefined): Figures {
  const seconds = measurements.map((each) => round(each.seconds, 3));
  return {
    seconds,
    medianSeconds: round(median(seconds), 3),
    medianCpuSeconds: round(median(measurements.map((each) => each.cpuSeconds)), 2),
    peakMiB: Math.round(Math.max(...measurements.map((each) => each.peakMiB))),
    ...(repositoryBytes === undefined ? {} : { repositoryBytes }),
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

export function machine(): string {
  const cores = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cores.length} cores of ${cores[0]?.model ?? 'unknown'}, ${memory} GiB, Linux ${release()}, Node ${process.version}`;
}
