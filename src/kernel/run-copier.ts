/** Copies short runs of bytes, of which there are millions: eight at a time, where one by one costs ten times as much. */

/** Below, one by one costs least; above, `set` does, which needs a view of the run. */
const word = 8;
const mostByWord = 512;

const nothing = viewOf(new Uint8Array(0));

/** Keeps views of the memory that was copied from and to last: use one where that is mostly the same. */
export class RunCopier {
  #source = nothing;
  #before = this.#source;
  #target = this.#source;

  /** Copies source[start, end) to target[at, ...), which lie apart. */
  copy(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
    const count = end - start;
    if (count < word) {
      for (let i = 0; i < count; i++) target[at + i] = source[start + i]!;
    } else if (count > mostByWord) {
      target.set(source.subarray(start, end), at);
    } else {
      if (source !== this.#source.bytes) this.#turnTo(source);
      if (target !== this.#target.bytes) this.#target = viewOf(target);
      const from = this.#source.view;
      const to = this.#target.view;
      const last = count - word;
      for (let i = 0; i < last; i += word) {
        to.setBigUint64(at + i, from.getBigUint64(start + i, true), true);
      }
      // once more some of those before
      to.setBigUint64(at + last, from.getBigUint64(start + last, true), true);
    }
  }

  /** Two take turns: what values are read from, and what maskers work in. */
  #turnTo(source: Uint8Array): void {
    const before = this.#before;
    this.#before = this.#source;
    this.#source = before.bytes === source ? before : viewOf(source);
  }
}

interface Viewed {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

function viewOf(bytes: Uint8Array): Viewed {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}
