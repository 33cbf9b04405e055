/** Fetching parts of the page that come later, over networks that fail. */

/** Between two tries, in milliseconds. */
const AGAIN_MS = 2000;

const pause = (span_ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, span_ms));

/**
 * Tries until it works. `onFailure` hears how often it has failed in a row, for the page to say that
 * it goes on trying. `wait` stands in for the clock in tests.
 */
export async function untilThere<T>(
  fetchIt: () => Promise<T>,
  onFailure: (inARow: number) => void,
  wait: (span_ms: number) => Promise<void> = pause,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await fetchIt();
    } catch {
      onFailure(failures);
      await wait(AGAIN_MS);
    }
  }
}
