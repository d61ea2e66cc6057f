/** The names of a database's parts in a snapshot: in their order they are a dump. */

export const schemaName = '1-schema.sql';
export const programsName = '3-programs.sql';
export const viewsName = '4-views.sql';

/** `2-data.TABLE.sql`, what is not plain percent-encoded; names that file systems may take for the same get a number. */
export function partName(table: string, used: Set<string>): string {
  const encoded = table.replaceAll(
    /[./%\\\0-\x1f\x7f]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  // a file's name has at most 255 bytes, a table's 64 letters
  const short =
    Buffer.byteLength(encoded) <= 200
      ? encoded
      : Buffer.from(encoded).subarray(0, 200).toString('hex').slice(0, 200);
  let name = `2-data.${short}.sql`;
  for (let count = 2; used.has(name); count++) name = `2-data.${short}~${count}.sql`;
  used.add(name);
  return name;
}
