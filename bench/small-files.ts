/** Makes the tree of many small files: the same bytes on every machine, as compressible as program sources are. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const filesInFolder = 500;

/** Folder with `count` files of 1 to 8 KiB; made once and kept in the user's cache. */
export function smallFiles(count: number): string {
  const folder = join(
    process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    `holdfast-bench/small-${count}`,
  );
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  const random = xorshift(20_240_229);
  const words = Array.from({ length: 4_000 }, () => makeWord(random));
  for (let index = 0; index < count; index++) {
    const name = String(Math.floor(index / filesInFolder)).padStart(4, '0');
    const parent = join(unfinished, name.slice(0, 2), name);
    if (index % filesInFolder === 0) mkdirSync(parent, { recursive: true });
    writeFileSync(join(parent, `${index}.py`), makeText(random, words, 1024 + (random() % 7169)));
  }
  renameSync(unfinished, folder);
  return folder;
}

/** Whole numbers from 0 to 2^32 - 1. */
function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function makeWord(random: () => number): string {
  const letters = 'etaoinshrdlucmfwypvbgk_';
  let word = '';
  for (let left = 2 + (random() % 9); left > 0; left--) word += letters[random() % letters.length];
  return word;
}

/** Lines of words with the punctuation of code; few words are frequent and many are rare, as in real text. */
function makeText(random: () => number, words: readonly string[], length: number): string {
  const joints = [' ', ' ', ' ', '.', '(', ')', ', ', ' = ', ':\n    ', '\n    ', '\n        ', '\n\n'];
  let text = '';
  while (text.length < length) {
    const rank = Math.floor(words.length ** ((random() % 10_000) / 10_000)) - 1;
    text += (words[rank] ?? '') + (joints[random() % joints.length] ?? '');
  }
  return text.slice(0, length);
}
