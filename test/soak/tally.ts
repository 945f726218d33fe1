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

  times(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  measure(figures: Figures): void {
    this.#figures.push(figures);
  }

  named(pattern: RegExp): readonly string[] {
    return [...this.#counts.keys()].filter((what) => pattern.test(what));
  }

  /** In one process that lived through at least ten measurements: the last against the third, when all is loaded. */
  grown(): readonly string[] {
    return [...Map.groupBy(this.#figures, ({ pid }) => pid).values()]
      .filter(({ length }) => length >= 10)
      .flatMap((all) => {
        const [early, late] = [all[2], all.at(-1)];
        if (early === undefined || late === undefined) return [];
        const wrong = [];
        if (late.descriptors > early.descriptors) wrong.push(`descriptors ${early.descriptors} → ${late.descriptors}`);
        if (late.threads > early.threads) wrong.push(`threads ${early.threads} → ${late.threads}`);
        if (late.rssKb > early.rssKb * 1.5) wrong.push(`RSS ${early.rssKb} → ${late.rssKb} kB`);
        return wrong;
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
