/** Owns all that this program prints: results on stdout, complaints on stderr, and the moving lines of a terminal. */
import { textToPath } from '../../kernel/path-text.ts';
import { truncate } from './format.ts';
import { unwritable } from './unwritable.ts';

/** What is needed of process.stdout and process.stderr. */
export interface OutputStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(data: string | Uint8Array, done?: (error?: Error | null) => void): boolean;
}

export interface TerminalOptions {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** TERM=dumb terminals get no moving lines */
  readonly dumb?: boolean;
}

/** Collects small writes, so that a million lines are not a million system calls. */
const bufferLimit = 1 << 15;
/** So much may wait in memory for a slow reader, in characters. */
const untakenLimit = 1 << 22;

export class Terminal {
  /** 0 quiet, 1 as usual, 2 verbose, 3 very verbose; JSON output counts as quiet for text */
  verbosity = 1;
  json = false;
  readonly #options: TerminalOptions;
  #pending = '';
  #scheduled = false;
  #statusLines = 0;
  #asking = false;
  /** characters given to stdout that its reader has not taken */
  #untaken = 0;
  #taken: PromiseWithResolvers<void> | undefined;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  /** Standard output shows lines that move. */
  get interactive(): boolean {
    return this.#options.stdout.isTTY === true && this.#options.dumb !== true;
  }

  get stdoutIsTerminal(): boolean {
    return this.#options.stdout.isTTY === true;
  }

  /** A result: a line that is always printed. */
  result(line: string): void {
    this.clearStatus();
    this.#put(`${line}\n`);
  }

  /** A line that --quiet and --json leave out. */
  say(line: string): void {
    if (this.verbosity >= 1 && !this.json) this.result(line);
  }

  /** A line for --verbose. */
  detail(line: string): void {
    if (this.verbosity >= 2 && !this.json) this.result(line);
  }

  /** A line for --verbose=2. */
  trace(line: string): void {
    if (this.verbosity >= 3 && !this.json) this.result(line);
  }

  /** A line on stderr. */
  complain(line: string): void {
    this.clearStatus();
    this.flush();
    this.#options.stderr.write(`${line}\n`);
  }

  /** A question on stderr, so that standard output stays for results; nothing moves until it is answered. */
  ask(question: string): void {
    this.clearStatus();
    this.flush();
    this.#asking = true;
    this.#options.stderr.write(question);
  }

  /** The answer is typed. */
  answered(): void {
    this.#asking = false;
    this.#options.stderr.write('\n');
  }

  /** One JSON value as a line on stdout. */
  emit(value: unknown): void {
    this.#put(`${stringifyJson(value)}\n`);
  }

  /** One JSON value as a line on stderr. */
  emitError(value: unknown): void {
    this.flush();
    this.#options.stderr.write(`${stringifyJson(value)}\n`);
  }

  /** Text as it is, for output that is not made of lines. */
  raw(text: string): void {
    this.clearStatus();
    this.#put(text);
  }

  /** Bytes as they are; resolves when the stream has taken them. */
  async bytes(data: Uint8Array): Promise<void> {
    this.clearStatus();
    this.flush();
    await new Promise<void>((resolve, reject) => {
      this.#options.stdout.write(data, (error) =>
        error ? reject(unwritable('standard output', error)) : resolve(),
      );
    });
  }

  /** Replaces the moving lines; on what is no terminal they are printed like any others. */
  status(lines: readonly string[]): void {
    if (this.#asking) return;
    if (!this.interactive) {
      for (const line of lines) this.result(line);
      return;
    }
    const columns = (this.#options.stdout.columns || 80) - 1;
    const drawn = lines.map((line) => `\x1b[2K${truncate(line, columns)}\n`).join('');
    const surplus = Math.max(0, this.#statusLines - lines.length);
    const blank = surplus > 0 ? `${'\x1b[2K\n'.repeat(surplus)}\x1b[${surplus}A` : '';
    this.flush();
    this.#options.stdout.write(this.#home() + drawn + blank);
    this.#statusLines = lines.length;
  }

  clearStatus(): void {
    if (this.#statusLines === 0) return;
    this.#options.stdout.write(`${this.#home()}\x1b[0J`);
    this.#statusLines = 0;
  }

  /** Hands everything to the streams. */
  flush(): void {
    if (this.#pending === '') return;
    const text = this.#pending;
    this.#pending = '';
    this.#untaken += text.length;
    // Bytes of names that are not UTF-8 stand in the text as lone surrogates (see path-text.ts).
    this.#options.stdout.write(text.isWellFormed() ? text : textToPath(text), () => {
      this.#untaken -= text.length;
      if (this.#untaken <= untakenLimit) this.#taken?.resolve();
    });
  }

  /** Resolves when a slow reader has taken most of what was written; undefined when nobody has to wait. */
  settle(): Promise<void> | undefined {
    if (this.#untaken <= untakenLimit) return undefined;
    this.#taken ??= Promise.withResolvers<void>();
    return this.#taken.promise.finally(() => (this.#taken = undefined));
  }

  #home(): string {
    return this.#statusLines > 0 ? `\x1b[${this.#statusLines}A\r` : '';
  }

  #put(text: string): void {
    this.#pending += text;
    if (this.#pending.length >= bufferLimit) this.flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.flush();
      });
    }
  }
}

/** In every Node this program runs on, and not yet in the types. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** JSON text; bigints are written as the numbers they are. */
export function stringifyJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'bigint' ? rawJSON(member.toString()) : member,
  );
}
