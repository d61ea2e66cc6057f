/** How the tables of a database were cut the night before: as long as they are cut the same, what is old is found again. */
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { PreviousFile } from '../source.ts';
import type { BlockChoice } from './block-size.ts';
import { decodeEvidence, evidenceName } from './evidence.ts';

/** By `tableKey`. What cannot be read is warned of, and no reason to fail. */
export async function blocksBefore(
  folder: string,
  previous: PreviousFile | undefined,
  warn: (message: string) => void,
): Promise<Map<string, BlockChoice>> {
  const choices = new Map<string, BlockChoice>();
  try {
    const bytes = await previous?.(`${folder}/${evidenceName}`);
    for (const { schema, name, blockSize, chosenFor } of bytes ? decodeEvidence(bytes).tables : []) {
      if (blockSize === undefined || chosenFor === undefined) continue;
      choices.set(tableKey(schema, name), { blockSize, chosenFor });
    }
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'interrupted') throw error;
    warn(`the last snapshot does not tell how its tables were cut: ${messageOf(error)}`);
  }
  return choices;
}

export const tableKey = (schema: string, table: string): string => `${schema}\0${table}`;
