/** What all scenarios share: the programs, the folder to work in, and how the runs alternate. */
import { mkdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from '../test/support/temp.ts';
import { perform } from './measure.ts';
import type { Options } from './options.ts';
import { findPrograms, type Place, type Program } from './programs.ts';

export interface Bench {
  readonly options: Options;
  readonly programs: readonly Program[];
  readonly versions: Readonly<Record<string, string>>;
  /** an absolute path below the folder for work */
  path(...names: string[]): string;
  /** a place of its own for a program's repository, empty */
  freshPlace(program: Program, env?: Readonly<Record<string, string>>): Place;
  /** an empty folder */
  freshFolder(name: string): string;
  /**
   * Takes a restored tree out of the way and keeps it as long as the disk has room for three more of that many bytes:
   * ext4 makes new files slowly for minutes after many were deleted, and whoever restores next would pay for it.
   */
  putAside(name: string, bytes: number): void;
  /** Deletes what was put aside. */
  clearAside(): void;
  say(text: string): void;
}

export function createBench(options: Options): Bench {
  const { work } = options;
  removeTree(work);
  mkdirSync(work, { recursive: true, mode: 0o700 });
  const passwordFile = join(work, 'password');
  writeFileSync(passwordFile, 'the same for all\n', { mode: 0o600 });
  const programs = findPrograms(options.programs);
  const path = (...names: string[]): string => join(work, ...names);
  let aside: string[] = [];
  const clearAside = (): void => {
    aside.forEach(removeTree);
    aside = [];
  };
  return {
    options,
    programs,
    versions: Object.fromEntries(programs.map((program) => [program.name, program.version])),
    path,
    freshPlace(program, env) {
      removeTree(path(program.name));
      const home = path(program.name, 'home');
      mkdirSync(join(home, 'cache'), { recursive: true });
      return {
        repository: path(program.name, 'repository'),
        passwordFile,
        home,
        ...(env === undefined ? {} : { env }),
      };
    },
    freshFolder(name) {
      removeTree(path(name));
      mkdirSync(path(name));
      return path(name);
    },
    putAside(name, bytes) {
      aside.push(path(`aside-${aside.length}`));
      renameSync(path(name), aside.at(-1)!);
      const { bavail, bsize } = statfsSync(work);
      if (bavail * bsize < 3 * bytes) clearAside();
    },
    clearAside,
    say: (text) => console.error(text),
  };
}

/** Removes everything that the benchmark made. */
export function closeBench(bench: Bench): void {
  rmSync(bench.options.work, { recursive: true, force: true });
}

/** The programs in the order of one run: forth and back, so that none is always the first. */
export function* alternating<T>(items: readonly T[], runs: number): Generator<{ item: T; run: number }> {
  for (let run = 0; run < runs; run++) {
    for (const item of run % 2 === 0 ? items : items.toReversed()) yield { item, run };
  }
}

/** Writes of one program must not be paid by the next. */
export async function settle(): Promise<void> {
  await perform({ argv: ['sync'] });
}

/** Brings a tree into the page cache. */
export async function warm(tree: string): Promise<void> {
  await perform({ argv: ['bash', '-c', 'tar -C "$0" -cf - . | cat >/dev/null', tree] });
}
