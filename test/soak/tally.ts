/** Of the daemon, between two cycles. */
export interface Figures {
  readonly pid: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly rssKb: number;
}

/** What a soak has seen, counted. */
export class Tally {
  readonly #counts = new Map<string, number>();
  readonly #figures: Figures[] = [];

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  measure(figures: Figures): void {
    this.#figures.push(figures);
  }

  named(pattern: RegExp): readonly string[] {
    return [...this.#counts.keys()].filter((what) => pattern.test(what));
  }

  /**
   * In one process that lived through at least ten measurements: the least of the last three against the most of the
   * third to the fifth, when all is loaded. What grows is above it for good; what is just being closed is not.
   */
  grown(): readonly string[] {
    return [...Map.groupBy(this.#figures, ({ pid }) => pid).values()]
      .filter(({ length }) => length >= 10)
      .flatMap((all) => {
        const early = (of: (figures: Figures) => number) => Math.max(...all.slice(2, 5).map(of));
        const late = (of: (figures: Figures) => number) => Math.min(...all.slice(-3).map(of));
        const grew = (what: string, of: (figures: Figures) => number, by = 1) =>
          late(of) > early(of) * by ? [`${what} ${early(of)} → ${late(of)}`] : [];
        return [
          ...grew('descriptors', ({ descriptors }) => descriptors),
          ...grew('threads', ({ threads }) => threads),
          ...grew('RSS in kB', ({ rssKb }) => rssKb, 1.5),
        ];
      });
  }

  lines(): readonly string[] {
    const counts = [...this.#counts].sort().map(([what, times]) => `${String(times).padStart(6)}  ${what}`);
    const most = (of: (figures: Figures) => number) => Math.max(...this.#figures.map(of));
    const daemons = new Set(this.#figures.map(({ pid }) => pid)).size;
    return [
      ...counts,
      `${daemons} daemons; at most ${most((f) => f.descriptors)} descriptors, ` +
        `${most((f) => f.threads)} threads, ${Math.round(most((f) => f.rssKb) / 1024)} MB`,
    ];
  }
}
