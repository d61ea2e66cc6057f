/** What is wrong with the configuration, and where. */
import type { Section } from './schema/schema.ts';

export interface Position {
  readonly file: string;
  /** both from 1; undefined of a file as a whole */
  readonly line: number | undefined;
  readonly column: number | undefined;
}

export interface Problem extends Position {
  /** one lower-case sentence; never repeats what may be a secret */
  readonly message: string;
  /** which entry it is of; what does not use that entry works without it */
  readonly entry?: EntryName | undefined;
}

export interface EntryName {
  readonly section: Section | 'profiles' | 'defaults';
  readonly name: string;
}

/** `file:line:column: message`, which editors know how to jump to. */
export function problemLine({ file, line, column, message }: Problem): string {
  return `${placeText({ file, line, column })}: ${message}`;
}

export function placeText({ file, line, column }: Position): string {
  return line === undefined ? file : `${file}:${line}:${column ?? 1}`;
}
