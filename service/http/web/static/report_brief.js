// The brief on the page: its phrases lead to the rows behind them, as the API's claims say what each is about.
import { linked } from "./elements.js";

/**
 * What a claim narrows the rows to: the value of one direction or of a new category, or nothing. Null where there are
 * no rows behind it.
 * @param {string} measure such as amount_cny, direction:import or category:meat
 * @returns {Record<string, string> | null}
 */
export function keyOf(measure) {
  // The rows of trades can't be narrowed to what has gone on to processing.
  if (measure === "registered_at_end" || measure.startsWith("processing:")) return null;
  const [dimension, value] = measure.split(":");
  return value === undefined ? {} : { [dimension]: value };
}

/**
 * The text in parts: each phrase of a claim, in the order of the text, and what stands between them.
 * @param {string} text
 * @param {Pick<Claim, "phrase" | "measure">[]} claims
 * @returns {{ said: string, measure: string | null }[]}
 */
export function phrasesOf(text, claims) {
  const parts = [];
  let done = 0;
  for (const { phrase, measure } of claims) {
    const at = text.indexOf(phrase, done);
    if (at < 0 || !phrase) continue;
    if (at > done) parts.push({ said: text.slice(done, at), measure: null });
    parts.push({ said: phrase, measure });
    done = at + phrase.length;
  }
  if (done < text.length) parts.push({ said: text.slice(done), measure: null });
  return parts;
}

/**
 * The brief with its links. The first phrase of a measure says its figure; those that follow say how it has grown, and
 * behind a growth there are no rows.
 * @param {Brief} brief
 * @param {(key: Record<string, string>) => string | null} addressOf where the rows of the period are
 */
export function briefParts({ text, claims }, addressOf) {
  const told = new Set();
  return phrasesOf(text, claims).map(({ said, measure }) => {
    const key = measure === null || told.has(measure) ? null : keyOf(measure);
    told.add(measure);
    return linked(said, key && addressOf(key));
  });
}
