/**
 * Ends the process without the destructors of native libraries: koffi's wait for ever for a lock that a worker thread
 * held when the end of the process stopped it.
 */
import { flushCompileCache } from 'node:module';
import { bindNative, usesNative } from './symbols.ts';

/** All output must have been written before. */
export function exitNow(status: number): never {
  // profilers and coverage write their reports on the usual way out
  const watched = process.execArgv.length > 0 || process.env['NODE_V8_COVERAGE'] !== undefined;
  if (usesNative() && !watched) {
    flushCompileCache();
    bindNative('libc', (bind) => bind<(status: number) => void>('void _exit(int status)'))?.(status);
  }
  process.exit(status);
}
