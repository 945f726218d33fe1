/** Takes a stream apart in pieces of any length. Holds no more of it than one chunk and what was asked for. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #buffer: Buffer = Buffer.alloc(0);
  #position = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** How many bytes were taken so far. */
  get position(): number {
    return this.#position;
  }

  /** The next bytes, which stay; fewer only at the end. */
  async peek(count: number): Promise<Buffer> {
    while (this.#buffer.length < count && (await this.#fill()));
    return this.#buffer.subarray(0, count);
  }

  /** The next bytes; throws when the stream ends before. */
  async take(count: number): Promise<Buffer> {
    const bytes = await this.peek(count);
    if (bytes.length < count) throw new Error(`it ends within its contents, at byte ${this.#position}`);
    this.#drop(count);
    return bytes;
  }

  /** Passes over bytes without keeping them; throws when there are fewer. */
  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      const bytes = await this.peek(1);
      if (bytes.length === 0) throw new Error(`it ends within its contents, at byte ${this.#position}`);
      const now = Math.min(left, this.#buffer.length);
      this.#drop(now);
      left -= now;
    }
  }

  /** Passes over zeros; `false` at the end of the stream. */
  async skipZeros(): Promise<boolean> {
    while ((await this.peek(1)).length > 0) {
      const at = this.#buffer.findIndex((byte) => byte !== 0);
      this.#drop(at < 0 ? this.#buffer.length : at);
      if (at >= 0) return true;
    }
    return false;
  }

  /** All that is left, as a stream of its own; this reader is of no use after that. */
  async *rest(): AsyncGenerator<Uint8Array> {
    const first = this.#buffer;
    this.#buffer = Buffer.alloc(0);
    if (first.length > 0) yield first;
    for (;;) {
      const { done, value } = await this.#chunks.next();
      if (done) return;
      yield value;
    }
  }

  /** Lets go of the stream where it stands. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #fill(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done) return false;
    this.#buffer = this.#buffer.length === 0 ? Buffer.from(value) : Buffer.concat([this.#buffer, value]);
    return true;
  }

  #drop(count: number): void {
    this.#buffer = this.#buffer.subarray(count);
    this.#position += count;
  }
}
