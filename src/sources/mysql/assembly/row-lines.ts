// Takes the rows out of INSERT statements and puts them together again, a row a line, in statements whose ends depend
// on the row there. Compiled to row-lines.wasm; mysql/row-lines.ts says more.

// Memory: the settings and the state between calls; rows that are ready from OUT on; what is to be read behind them.
/** u32: 1 when rows are lines of their own already, and not only behind the first one; a longer row is nobody's business here; bytes of a statement */
const IS_LINE: usize = 0;
const LONG_ROW: usize = 4;
const MEAN: usize = 8;
const LEAST: usize = 12;
const MOST: usize = 16;
const OUT_END: usize = 20;
/** u32: where the next row is to be read; the end of what is ready, and where the last row in it begins */
const AT: usize = 24;
const READY: usize = 28;
const LAST: usize = 32;
/** u32: bytes of the statement so far; 1 when the last row ends it; what stands before the next row, see below */
const STATEMENT: usize = 36;
const ENDS: usize = 40;
const BEFORE: usize = 44;
/** u32: 1 within a text in quotes, 1 behind a backslash in it */
const QUOTED: usize = 48;
const ESCAPED: usize = 52;
/** u32: how many values each row has when some are bytes, 0 when none are; the present one, 1 when some of it is written */
const VALUES: usize = 56;
const VALUE: usize = 60;
const BEGUN: usize = 64;
/** u8 for each value: 1 when it is bytes, which are written in hexadecimal */
const ARE_BYTES: usize = 1024;

/** Nothing, a row without what separates it from the next, or all that the next row needs. */
const NOTHING: u32 = 0;
const ROW: u32 = 1;
const SEPARATOR: u32 = 2;

/** Why `take` returns: more input is needed, the statement that is read is over, there is a row of no known form. */
const MORE: u32 = 0;
const OVER: u32 = 1;
const BAD: u32 = 2;
/** A long row is next; the statement that is written should end; it should begin; there is no more room. */
const LONG: u32 = 3;
const FINISH: u32 = 4;
const BEGIN: u32 = 5;
const FULL: u32 = 6;

const LINE_FEED: u32 = 10;
const QUOTE: u8 = 0x27;
const OPENING: u32 = 0x28;
const CLOSING: u8 = 0x29;
const COMMA: u32 = 0x2c;
const SEMICOLON: u32 = 0x3b;
const BACKSLASH: u8 = 0x5c;
const ZERO_X: u16 = 0x7830;
const TWO_QUOTES: u16 = 0x2727;

/** The first place of either byte in `[at, end)`, `end` when there is none. Up to 16 bytes behind `end` are read. */
function findEither(a: v128, b: v128, at: usize, end: usize): usize {
  for (; at < end; at += 16) {
    const bytes = v128.load(at);
    const hits = i8x16.bitmask(v128.or(i8x16.eq(bytes, a), i8x16.eq(bytes, b)));
    if (hits != 0) return min(at + <usize>ctz(hits), end);
  }
  return end;
}

/** Begins to look for the end of a row. */
export function beginRow(): void {
  store<u32>(QUOTED, 0);
  store<u32>(ESCAPED, 0);
  store<u32>(VALUE, 0);
}

/** The place behind the bracket that ends the row, 0 when it is not there: it goes on in what is read next. */
export function rowEnd(at: usize, end: usize): usize {
  const quote = i8x16.splat(QUOTE);
  const closing = i8x16.splat(CLOSING);
  const backslash = i8x16.splat(BACKSLASH);
  let quoted = load<u32>(QUOTED) != 0;
  if (load<u32>(ESCAPED) != 0 && at < end) {
    at++;
    store<u32>(ESCAPED, 0);
  }
  while (at < end) {
    at = findEither(quote, quoted ? backslash : closing, at, end);
    if (at == end) break;
    const byte = load<u8>(at++);
    if (byte == CLOSING) return at;
    if (byte == QUOTE) quoted = !quoted;
    else if (at == end) store<u32>(ESCAPED, 1);
    else at++;
  }
  store<u32>(QUOTED, quoted ? 1 : 0);
  return 0;
}

/** What a backslash and this byte stand for. */
function unescaped(byte: u8): u8 {
  switch (byte) {
    case 0x30:
      return 0;
    case 0x6e:
      return 10;
    case 0x72:
      return 13;
    case 0x5a:
      return 26;
    default:
      return byte;
  }
}

function hexDigit(nibble: u32): u32 {
  return nibble + (nibble < 10 ? 48 : 55);
}

/**
 * Writes the row from AT on to READY, its bytes in hexadecimal, as far as there is input and room; both move on. The
 * place behind the row, 0 when more of it is to come.
 */
export function writeRow(end: usize): usize {
  const quote = i8x16.splat(QUOTE);
  const backslash = i8x16.splat(BACKSLASH);
  const limit = <usize>load<u32>(OUT_END) - 4;
  let at = <usize>load<u32>(AT);
  let to = <usize>load<u32>(READY);
  let quoted = load<u32>(QUOTED) != 0;
  let escaped = load<u32>(ESCAPED) != 0;
  let begun = load<u32>(BEGUN) != 0;
  let value = load<u32>(VALUE);
  let over = false;
  while (at < end && to < limit && !over) {
    if (quoted && load<u8>(ARE_BYTES + value) == 0 && !escaped) {
      const stop = findEither(quote, backslash, at, min(end, at + (limit - to)));
      memory.copy(to, at, stop - at);
      to += stop - at;
      at = stop;
      if (at == end || to >= limit) break;
    }
    let byte = load<u8>(at++);
    if (!quoted) {
      if (byte == QUOTE) {
        quoted = true;
        begun = false;
        if (load<u8>(ARE_BYTES + value) != 0) continue;
      } else if (byte == COMMA) value++;
      else over = byte == CLOSING;
      store<u8>(to++, byte);
    } else if (load<u8>(ARE_BYTES + value) == 0) {
      store<u8>(to++, byte);
      quoted = escaped || byte != QUOTE;
      escaped = !escaped && byte == BACKSLASH;
    } else if (!escaped && byte == QUOTE) {
      quoted = false;
      if (begun) continue;
      store<u16>(to, TWO_QUOTES);
      to += 2;
    } else if (!escaped && byte == BACKSLASH) escaped = true;
    else {
      if (escaped) byte = unescaped(byte);
      escaped = false;
      if (!begun) {
        store<u16>(to, ZERO_X);
        to += 2;
        begun = true;
      }
      store<u16>(to, <u16>(hexDigit(byte >> 4) | (hexDigit(byte & 15) << 8)));
      to += 2;
    }
  }
  store<u32>(AT, <u32>at);
  store<u32>(READY, <u32>to);
  store<u32>(QUOTED, quoted ? 1 : 0);
  store<u32>(ESCAPED, escaped ? 1 : 0);
  store<u32>(BEGUN, begun ? 1 : 0);
  store<u32>(VALUE, value);
  return over ? at : 0;
}

/** Whether a row ends its statement: by its content alone, the longer the likelier. */
function isLast(start: usize, length: usize): bool {
  let hash: u32 = 0x811c9dc5 ^ (<u32>length);
  const stop = start + length;
  for (let at = start; at < min(start + 24, stop); at++) hash = (hash ^ (<u32>load<u8>(at))) * 0x01000193;
  const tail = length < 24 ? start : stop - 24;
  for (let at = tail; at < stop; at++) hash = (hash ^ (<u32>load<u8>(at))) * 0x01000193;
  hash = (hash ^ (hash >>> 15)) * 0x85ebca6b;
  hash ^= hash >>> 13;
  return <f64>hash < (<f64>length / <f64>load<u32>(MEAN)) * 4294967296.0;
}

/** Takes rows from AT on, which moves to the first that is not taken; answers why it is not. */
export function take(end: usize): u32 {
  const longRow = <usize>load<u32>(LONG_ROW);
  const least = load<u32>(LEAST);
  const most = load<u32>(MOST);
  const outEnd = <usize>load<u32>(OUT_END);
  const isLine = load<u32>(IS_LINE) != 0;
  const values = load<u32>(VALUES);
  const lineFeed = i8x16.splat(<u8>LINE_FEED);
  let at = <usize>load<u32>(AT);
  let ready = <usize>load<u32>(READY);
  let before = load<u32>(BEFORE);
  let statement = load<u32>(STATEMENT);
  let ends = load<u32>(ENDS) != 0;
  let reason = MORE;
  while (at < end) {
    if (!isLine && load<u8>(at) == LINE_FEED) {
      at++;
      continue;
    }
    if (load<u8>(at) != OPENING) {
      reason = BAD;
      break;
    }
    // the end of the row, where it is separated from what follows
    let stop: usize;
    let next: usize;
    if (isLine) {
      const feed = findEither(lineFeed, lineFeed, at, end);
      stop = feed - 1;
      next = feed + 1;
      if (feed == end) {
        if (end - at > longRow + 2) reason = LONG;
        break;
      }
    } else {
      beginRow();
      stop = rowEnd(at, end);
      if (stop == 0) {
        if (end - at > longRow) reason = LONG;
        break;
      }
      next = stop + 1;
      if (next > end) break;
      if (load<u8>(stop) == SEMICOLON) {
        if (++next > end) break;
        if (load<u8>(stop + 1) != LINE_FEED) {
          reason = BAD;
          break;
        }
      }
    }
    const separator = <u32>load<u8>(stop);
    if ((separator != COMMA && separator != SEMICOLON) || load<u8>(stop - 1) != CLOSING) {
      reason = BAD;
      break;
    }
    let length = stop - at;
    if (length > longRow) {
      reason = LONG;
      break;
    }
    const to = before == ROW ? ready + 2 : ready;
    if (to + (values == 0 ? length : 2 * length) + 4 > outEnd) {
      reason = FULL;
      break;
    }
    if (values != 0) {
      beginRow();
      store<u32>(AT, <u32>at);
      store<u32>(READY, <u32>to);
      if (writeRow(stop) != stop || load<u32>(VALUE) + 1 != values) {
        reason = BAD;
        break;
      }
      length = <usize>load<u32>(READY) - to;
      if (length > longRow) {
        reason = LONG;
        break;
      }
    }
    if (before == ROW) {
      if (ends || statement + <u32>length > most) {
        reason = FINISH;
        break;
      }
      store<u16>(ready, <u16>((LINE_FEED << 8) | COMMA));
      ready += 2;
      before = SEPARATOR;
    }
    if (before == NOTHING) {
      reason = BEGIN;
      break;
    }
    if (values == 0) memory.copy(ready, at, length);
    store<u32>(LAST, <u32>ready);
    statement += <u32>length;
    ends = statement >= least && isLast(ready, length);
    ready += length;
    before = ROW;
    at = next;
    if (separator == SEMICOLON) {
      reason = OVER;
      break;
    }
  }
  store<u32>(AT, <u32>at);
  store<u32>(READY, <u32>ready);
  store<u32>(BEFORE, before);
  store<u32>(STATEMENT, statement);
  store<u32>(ENDS, ends ? 1 : 0);
  return reason;
}
