/** Puts short test files together: to start a process takes longer than most of them, and there are more than a hundred. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Bytes of tests in one process: enough of them that all processors have some until the end. */
const groupSize = 100_000;

/** What changes the process for all that runs in it: such a file keeps one of its own. */
const changesProcess = /^(?:before|after)(?:Each)?\(|process\.(?:chdir|umask|env\[)|registerHooks/m;

/**
 * Writes a module into `folder` for each group, which imports the files of it.
 * @returns what is to be run instead of `files`: absolute paths, groups last
 */
export function groupTests(files: readonly string[], folder: string): string[] {
  const alone: string[] = [];
  const groups: string[][] = [];
  let room = 0;
  for (const file of files) {
    if (changesProcess.test(readFileSync(file, 'utf8'))) {
      alone.push(resolve(file));
      continue;
    }
    const size = statSync(file).size;
    if (room < size) {
      groups.push([]);
      room = groupSize;
    }
    room -= size;
    groups.at(-1)!.push(resolve(file));
  }
  const modules = groups.map((group, i) => {
    const path = join(folder, `group-${i}.test.mjs`);
    writeFileSync(path, group.map((file) => `import '${pathToFileURL(file).href}';\n`).join(''));
    return path;
  });
  return [...alone, ...modules];
}
