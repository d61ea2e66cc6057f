/** The user and the password in the locations of storages that know both. */
import { HoldfastError } from '../kernel/errors.ts';

/** Never repeats the location: the password stands in it. */
export function passwordInLocation(variable: string): HoldfastError {
  return new HoldfastError('usage', 'a location must not hold a password: others can see it', {
    hint: `leave the user in the location, and set ${variable}`,
  });
}

/** The user of a URL, whose `%40` is an `@`; undefined when there is none. Code `usage` for what is no text. */
export function userInLocation(login: string | undefined): string | undefined {
  if (login === undefined || login === '') return undefined;
  try {
    return decodeURIComponent(login);
  } catch (cause) {
    throw new HoldfastError('usage', `${login} is not a valid user in a URL`, { cause });
  }
}
