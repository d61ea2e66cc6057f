/** Text as a literal of SQL, whatever the server's settings say of backslashes. */
export function sqlText(value: string): string {
  return `E'${value.replaceAll(/[\\']/g, '\\$&')}'`;
}
