/** Takes the schema's part of a dump apart into the objects that it describes, so that two of them can be compared. */
import { createLineInput } from '../database/line-input.ts';
import type { DescribedObject } from '../database/throwaway-server.ts';

/** Settings that stand where the object before happens to end, and say nothing of either. */
const passing = /^SET default_(?:tablespace|table_access_method) = .*;$/;

/** Names are unique: of several objects of one name each but the first gets a number. */
export async function* schemaObjects(
  part: AsyncIterable<Uint8Array>,
): AsyncGenerator<DescribedObject, void, void> {
  const input = createLineInput(part);
  const used = new Map<string, number>();
  let name: string | undefined;
  let definition: string[] = [];

  function* finished(): Generator<DescribedObject> {
    if (name === undefined) return;
    const count = (used.get(name) ?? 0) + 1;
    used.set(name, count);
    const unique = count === 1 ? name : `${name} (${count})`;
    yield { name: unique, definition: definition.join('\n').trim() };
  }

  for (;;) {
    const line = (await input.line())?.toString().replace(/\n$/, '');
    if (line === undefined || line === '-- PostgreSQL database dump complete') break;
    const [, found, type, schema] = /^-- Name: (.*); Type: ([A-Z ]+); Schema: (.*); Owner: /.exec(line) ?? [];
    if (type !== undefined) {
      yield* finished();
      name = `${type} ${schema === '-' ? '' : `${schema}.`}${found}`;
      definition = [];
    } else if (line !== '--' && line !== '' && !passing.test(line)) definition.push(line);
  }
  yield* finished();
}
