/** Where a database's password is to be had. Without a reference the database's own programs look in their own places. */
import type { SecretReference } from '../../kernel/secret.ts';

export type PasswordReference = SecretReference;

/** What a parameter of a URL says; undefined when it is another. */
export function passwordReference(parameter: string, value: string): PasswordReference | undefined {
  switch (parameter) {
    case 'password_env':
      return { kind: 'env', name: value };
    case 'password_file':
      return { kind: 'file', path: value };
    case 'password_command':
      return { kind: 'command', command: value };
  }
  return undefined;
}
