/** Data folders of database servers: a run of all tests makes each kind once, and copies it from then on. */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { runProgram } from './program.ts';
import { removeTree } from './temp.ts';

/** Makes the folder `target`, which does not exist yet: by `make`, or as a copy of what `make` made under that name. */
export async function fromTemplate(name: string, target: string, make: () => Promise<void>): Promise<void> {
  // tools/test.ts says where the files of a run share something; a file that runs alone makes its own
  const shared = process.env['HOLDFAST_TESTS_SHARED'];
  if (shared === undefined) return make();
  const template = join(shared, name);
  if (existsSync(template)) return copyFolder(template, target);
  await make();
  const fresh = `${template}-${process.pid}`;
  await copyFolder(target, fresh);
  try {
    renameSync(fresh, template);
  } catch {
    // another file of the run was faster
    removeTree(fresh);
  }
}

/** With owners, modes and times; by clones of the files where the file system has them. */
async function copyFolder(from: string, to: string): Promise<void> {
  await runProgram('cp', ['-a', from, to]);
}
