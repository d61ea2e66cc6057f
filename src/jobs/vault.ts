/** What a run asks of a vault, whatever its kind: each answer is a step of the run. */
import type { OpenedSource } from './open-sources.ts';
import type { ArchiveInput } from '../operations/archive/input.ts';
import type { Job, JobArtefact, Step } from './job.ts';

/** A vault that is open for one run. */
export interface RunVault extends AsyncDisposable {
  readonly name: string;
  /** what is made of databases; of one dump when there are none */
  readonly artefacts: readonly JobArtefact[];
  /** Whether it has a backup of this source and this second, and another one would have its name; absent where none would. */
  isTaken?(opened: OpenedSource, timeMs: number): Promise<boolean>;
  /** Keeps one source; a stream is read to its end. Throws nothing but `interrupted`. */
  backUp(opened: OpenedSource, options: BackUpOptions): Promise<KeptSource>;
  /**
   * What has had its time goes, of sources that were kept without a flaw.
   * @param isMissing of what another vault did not take: nothing goes
   */
  retain(
    kept: readonly KeptSource[],
    job: Job,
    isMissing: (kept: KeptSource) => boolean,
  ): Promise<readonly Step[]>;
  /** What would go if this source were backed up now. Codes of storages. */
  forecast(
    opened: OpenedSource,
    job: Job,
  ): Promise<{ readonly remove: readonly string[]; readonly held?: string }>;
  check(kept: readonly KeptSource[], job: Job): Promise<readonly Step[]>;
  drill(kept: readonly KeptSource[], job: Job): Promise<readonly Step[]>;
}

export interface BackUpOptions {
  /** `shop to main` */
  readonly subject: string;
  /** milliseconds since 1970 */
  readonly timeMs: number;
  readonly tags: readonly string[];
  /** of the only backup, which one that would replace it must have */
  readonly minSizeRatio: number;
  /** what an archive is given in place of the source itself */
  readonly input?: ArchiveInput | undefined;
}

/** What became of one source in one vault. */
export interface KeptSource {
  readonly step: Step;
  readonly opened: OpenedSource;
  /** what was made; undefined when nothing was, as nothing changed */
  readonly id: string | undefined;
}
