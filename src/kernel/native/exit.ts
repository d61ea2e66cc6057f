/**
 * Ends the process as it is. Node's own way waits for threads, which may stand in a call that does not return, and for
 * the destructors of native libraries: koffi's wait for ever for a lock that a thread held when it was stopped.
 */
import { flushCompileCache } from 'node:module';
import { bindNative, usesNative } from './symbols.ts';

/** Profilers and coverage write their reports on the usual way out. */
const watchers = /--(?:cpu-prof|heap-prof|inspect|prof\b|trace-event|experimental-test-coverage)/;

/** All output must have been written before. */
export function exitNow(status: number): never {
  const { NODE_OPTIONS = '', NODE_V8_COVERAGE } = process.env;
  const watched = NODE_V8_COVERAGE !== undefined || watchers.test(`${process.execArgv} ${NODE_OPTIONS}`);
  if (usesNative() && !watched) {
    flushCompileCache();
    bindNative('libc', (bind) => bind<(status: number) => void>('void _exit(int status)'))?.(status);
  }
  process.exit(status);
}
