/** Takes the parts of a dump that are no rows apart into the objects that they describe, so that two can be compared. */
import { createLineInput } from '../database/line-input.ts';
import type { DescribedObject } from '../database/throwaway-server.ts';
import { readIdentifier } from './identifier.ts';

const heading =
  /^-- (?:Table structure for table|(Temporary) (?:table|view) structure for view|Final (view) structure for view|Sequence structure for) `/i;
/** What follows the last object, and the rows of a table in a dump that is one file. */
const over = /^(?:\/\*!\d+ SET (?:\w+)=@OLD_|-- Dumping )/;
/** What a dump begins with; one file may be several. */
const begins = /^(?:\/\*M?!999999\\- enable the sandbox mode|-- (?:MySQL|MariaDB) dump\b)/;
const program = /\b(TRIGGER|PROCEDURE|FUNCTION|EVENT|PACKAGE BODY|PACKAGE)\s+(?:IF NOT EXISTS\s+)?/i;

/** MariaDB writes the database before the names of columns, or not: that depends on how often the view was made anew. */
const qualifier = /`(?:[^`]|``)*`\.(?=`(?:[^`]|``)*`\.`)/g;

/** Where counters stand is told elsewhere: new rows change no definition. */
export async function* schemaObjects(
  part: AsyncIterable<Uint8Array>,
): AsyncGenerator<DescribedObject, void, void> {
  const input = createLineInput(part);
  let name: string | undefined;
  let held: string[] = [];
  /** between the lines that say which characters end a program */
  let inside = false;

  function* finished(): Generator<DescribedObject> {
    if (name?.startsWith('VIEW ')) held = held.map((line) => line.replaceAll(qualifier, ''));
    if (name !== undefined)
      yield {
        name,
        definition: held
          .join('\n')
          .replaceAll(/ AUTO_INCREMENT=\d+/g, '')
          .trim(),
      };
    name = undefined;
    held = [];
  }

  for (;;) {
    const line = (await input.line())?.toString('latin1').replace(/\n$/, '');
    if (line === undefined) break;
    if (line === 'DELIMITER ;;' || line === 'DELIMITER ;') {
      inside = line.endsWith(';;');
      // in a dump that is one file programs follow a table or a view at once
      if (inside && name !== undefined) yield* finished();
      continue;
    }
    if (inside) {
      held.push(line);
      const isSetting = /^\/\*!\d+ SET /.test(line);
      if (!line.endsWith(';;') || isSetting) continue;
      const text = held.join('\n');
      const found = program.exec(text);
      name = found ? `${found[1]!.toUpperCase()} ${nameAt(text, found.index + found[0].length)}` : undefined;
      yield* finished();
      continue;
    }
    const [matched, temporary, view] = heading.exec(line) ?? [];
    if (matched !== undefined) {
      yield* finished();
      const kind = temporary ? 'COLUMNS OF VIEW' : view ? 'VIEW' : 'TABLE';
      name = `${kind} ${nameAt(line, matched.length - 1)}`;
    } else if (over.test(line)) yield* finished();
    else if (begins.test(line)) {
      yield* finished();
      inside = false;
    } else if (line !== '' && !line.startsWith('--')) held.push(line);
  }
  yield* finished();
}

function nameAt(text: string, at: number): string {
  const name = text[at] === '`' ? readIdentifier(text, at)?.name : /^[^\s(`]+/.exec(text.slice(at))?.[0];
  return Buffer.from(name ?? '?', 'latin1').toString();
}
