/** Flags of Node for tests and for the programs that they start, most of which are over within a second. */

/**
 * Less work for the threads of the engine: a young generation that a short program never fills, and compilers that
 * optimise what is hot for long alone. What stays hot is compiled as ever.
 */
export const nodeFlags: readonly string[] = [
  '--min-semi-space-size=8',
  ...['--invocation-count-for-maglev=8000', '--invocation-count-for-maglev-osr=2000'],
  ...['--invocation-count-for-turbofan=30000', '--invocation-count-for-osr=5000'],
];
