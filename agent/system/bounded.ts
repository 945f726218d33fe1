/** Files that are looked at side by side: enough to be quick, few enough for a process with 64 descriptors. */
export const FILES_AT_ONCE = 8;

/** Does the same for each of them, at most `limit` at a time. Answers come in the order of the items. */
export async function boundedly<T, R>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const answers: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next;
      next += 1;
      answers[at] = await work(items[at] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return answers;
}
