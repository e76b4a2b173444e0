// The names of enterprises by their ids: reports know the ids alone.
import { ask } from "./answers.js";
import { limits } from "./limits.js";

const PAGES_MAX = 10;
/** @type {Record<string, string>} */
const names = {};
/** @type {Promise<unknown> | null} */
let asked = null;

async function askAllPages() {
  let cursor = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const after = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const { items, next_cursor: next } = await ask(`/v1/enterprises?limit=${limits().page_limit_max}${after}`);
    for (const { enterprise_id: id, name } of items) names[id] = name;
    if (!next) break;
    cursor = next;
  }
}

/** Learns the names once; without an answer enterprises are called by their ids. */
export async function learnEnterprises() {
  asked ??= askAllPages().catch(() => (asked = null));
  await asked;
}

/**
 * @param {string} id
 * @returns {string | undefined}
 */
export const enterpriseName = (id) => names[id];
