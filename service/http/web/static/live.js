// Keeps an open report current: looks every few seconds, while somebody can see it, whether the ledger has moved.

const EVERY_MS = 4_000;
const SAID_EVERY_MS = 30_000;

/**
 * Calls `look` again and again, never twice at a time; not while the page is hidden, and at once when it is seen again.
 * @param {() => Promise<unknown>} look
 */
export function lookAgain(look) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let isLooking = false;
  const go = async () => {
    clearTimeout(timer);
    if (document.hidden || isLooking) return;
    isLooking = true;
    await look().catch((error) => console.warn(error));
    isLooking = false;
    timer = setTimeout(go, EVERY_MS);
  };
  document.addEventListener("visibilitychange", go);
  timer = setTimeout(go, EVERY_MS);
}

/**
 * Whether two answers say the same, whatever the positions at which they say it.
 * @param {unknown} one
 * @param {unknown} other
 */
export function saysTheSame(one, other) {
  /** @param {unknown} answers */
  const said = (answers) => JSON.stringify(answers, (name, value) => (name === "position" ? undefined : value));
  return said(one) === said(other);
}

/**
 * A screen reader is told now and then, and not at every trade.
 * @param {(text: string) => void} say
 * @returns {(text: string) => void}
 */
export function politely(say) {
  let last = -Infinity;
  return (text) => {
    if (performance.now() - last < SAID_EVERY_MS) return;
    last = performance.now();
    say(text);
  };
}
