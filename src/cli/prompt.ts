/** Reads a secret from the person at the terminal, without echo, or from the first line of standard input. */
import type { Readable } from 'node:stream';
import { HoldfastError } from '../kernel/errors.ts';

/** What is needed of process.stdin. */
export type SecretInput = Readable & { isTTY?: boolean; setRawMode?(raw: boolean): unknown };

export interface PromptOptions {
  readonly input: SecretInput;
  /** shows the question; not called when nobody sits there */
  readonly ask: (question: string) => void;
  /** called after each question that was asked, whatever became of it */
  readonly answered: () => void;
  readonly signal: AbortSignal;
}

const keys = { enter: [10, 13], backspace: [8, 127], interrupt: 3, endOfInput: 4, clear: 21 };
const longestSecret = 64 * 1024;

/** The line without its end; empty when the input ends at once. Codes `interrupted`, `usage` when it is endless. */
export async function readSecret(question: string, options: PromptOptions): Promise<string> {
  const { input, ask, answered, signal } = options;
  const terminal = input.isTTY === true && input.setRawMode !== undefined;
  if (terminal) {
    ask(question);
    input.setRawMode!(true);
  }
  try {
    return await readLine(input, terminal, signal);
  } finally {
    if (terminal) {
      input.setRawMode!(false);
      answered();
    }
    input.pause();
  }
}

function readLine(input: SecretInput, terminal: boolean, signal: AbortSignal): Promise<string> {
  const typed: number[] = [];
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      input.off('data', onData);
      input.off('end', finish);
      input.off('error', fail);
      signal.removeEventListener('abort', interrupt);
    };
    const finish = (): void => {
      stop();
      resolve(Buffer.from(typed).toString('utf8'));
    };
    const fail = (cause: unknown): void => {
      stop();
      reject(new HoldfastError('failed', 'standard input cannot be read', { cause }));
    };
    const interrupt = (): void => {
      stop();
      reject(new HoldfastError('interrupted', 'interrupted'));
    };
    const onData = (chunk: Buffer | string): void => {
      const bytes = Buffer.from(chunk);
      for (const [at, byte] of bytes.entries()) {
        if (keys.enter.includes(byte)) {
          finish();
          // What was typed ahead answers the next question.
          input.pause();
          if (at + 1 < bytes.length) input.unshift(bytes.subarray(at + 1));
          return;
        }
        if (terminal && byte === keys.interrupt) return interrupt();
        if (terminal && byte === keys.endOfInput) return finish();
        if (terminal && byte === keys.clear) typed.length = 0;
        else if (terminal && keys.backspace.includes(byte)) eraseCharacter(typed);
        else typed.push(byte);
      }
      if (typed.length > longestSecret) {
        stop();
        reject(new HoldfastError('usage', 'the password on standard input is too long'));
      }
    };
    if (signal.aborted) return interrupt();
    input.on('data', onData);
    input.once('end', finish);
    input.once('error', fail);
    signal.addEventListener('abort', interrupt, { once: true });
    input.resume();
  });
}

/** Takes the bytes of the last UTF-8 character away. */
function eraseCharacter(typed: number[]): void {
  let byte = typed.pop();
  while (byte !== undefined && (byte & 0xc0) === 0x80) byte = typed.pop();
}
