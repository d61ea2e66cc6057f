/** Waits for what a server must do, but not for ever. */

/** `wait` is called at once with what ends the waiting. Rejects with an error that says `timeout` after that many milliseconds. */
export async function within(
  timeout: number,
  wait: (resolve: () => void, reject: (error: unknown) => void) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = setTimeout(() => reject(new Error('timeout: the server does not answer')), timeout);
  wait(resolve, reject);
  try {
    await promise;
  } finally {
    clearTimeout(late);
  }
}
