/**
 * Works off a queue, `count` items at a time. The first failure ends it: what is under way is told by the
 * signal, nothing more is begun, and once all has ended the failure is thrown.
 */
export async function atOnce<T>(
  items: Iterable<T>,
  count: number,
  act: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const failures: unknown[] = [];
  const queue = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); !next.done && !abort.signal.aborted; next = queue.next()) {
      try {
        await act(next.value, abort.signal);
      } catch (error) {
        failures.push(error);
        abort.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, count) }, worker));
  if (abort.signal.aborted) throw failures[0];
}
