/** Prints what `find` finds: lines by snapshot, or restic's one JSON array. */
import type { FindResult, FoundEntry, FoundObject } from '../../operations/find.ts';
import { formatLocalTime } from './format.ts';
import { shownPath } from './listing.ts';
import { longLine, matchJson } from './node.ts';
import { shortId } from './snapshots.ts';
import type { Terminal } from './terminal.ts';
import { stringifyJson } from './terminal.ts';

export interface FoundPrinter {
  onEntry(found: FoundEntry): void | Promise<void>;
  onObject(found: FoundObject): void;
  end(result: FindResult): void;
}

export interface FoundStyle {
  long?: boolean;
  humanReadable?: boolean;
  showPackId?: boolean;
}

export function foundPrinter(terminal: Terminal, style: FoundStyle): FoundPrinter {
  const printer = terminal.json ? jsonPrinter(terminal) : textPrinter(terminal, style);
  return {
    ...printer,
    onEntry(found) {
      void printer.onEntry(found);
      return terminal.settle();
    },
  };
}

function textPrinter(terminal: Terminal, style: FoundStyle): FoundPrinter {
  let current: string | undefined;
  return {
    onEntry({ snapshot, path, node }) {
      if (snapshot.id !== current) {
        if (current !== undefined) terminal.say('');
        current = snapshot.id;
        const time = formatLocalTime(snapshot.snapshot.timeMs);
        terminal.say(`Found matching entries in snapshot ${shortId(snapshot.id)} from ${time}`);
      }
      const shown = shownPath(terminal, path);
      terminal.result(style.long ? longLine(shown, node, style.humanReadable ?? false) : shown);
    },
    onObject({ snapshot, type, id, path, parentTree }) {
      terminal.result(`Found ${kindOf(type)} ${id}`);
      if (parentTree === undefined) terminal.result(` ... path ${shownPath(terminal, path)}`);
      else {
        terminal.result(` ... in file ${shownPath(terminal, path)}`);
        terminal.result(`     (tree ${parentTree})`);
      }
      const time = formatLocalTime(snapshot.snapshot.timeMs);
      terminal.result(` ... in snapshot ${shortId(snapshot.id)} (${time})`);
    },
    end({ objects }) {
      if (!style.showPackId) return;
      for (const { type, id, pack } of objects) {
        terminal.result(
          pack ? `Object belongs to pack ${pack}` : `Object ${kindOf(type)} ${id} is in no index`,
        );
        if (pack) terminal.result(` ... ${kindOf(type)} ${id}`);
      }
    },
  };
}

/** The array is written as it comes: matches by snapshot, or objects. */
function jsonPrinter(terminal: Terminal): FoundPrinter {
  let current: string | undefined;
  let hits = 0;
  let begun = false;
  const begin = (): void => {
    if (!begun) terminal.raw('[');
    begun = true;
  };
  const close = (): void => terminal.raw(`],"hits":${hits},"snapshot":"${current}"}`);
  return {
    onEntry({ snapshot, path, node }) {
      begin();
      if (snapshot.id !== current) {
        if (current !== undefined) {
          close();
          terminal.raw(',');
        }
        current = snapshot.id;
        hits = 0;
        terminal.raw('{"matches":[');
      }
      terminal.raw((hits++ > 0 ? ',' : '') + stringifyJson(matchJson(path, node)));
    },
    onObject({ snapshot, type, id, path, parentTree }) {
      begin();
      const found = {
        object_type: kindOf(type),
        id,
        path: path.toWellFormed(),
        parent_tree: parentTree,
        snapshot: snapshot.id,
        time: snapshot.snapshot.time,
      };
      terminal.raw((hits++ > 0 ? ',' : '') + stringifyJson(found));
    },
    end() {
      begin();
      if (current !== undefined) close();
      terminal.raw(']\n');
    },
  };
}

function kindOf(type: 'data' | 'tree'): string {
  return type === 'data' ? 'blob' : 'tree';
}
