// Lists that the API gives page by page, asked for to their end.
import { ask } from "./answers.js";
import { limits } from "./limits.js";

const PAGES_MAX = 20;

/**
 * Everything that a list has, as far as a page shows it. Throws Failure.
 * @param {string} path
 * @param {Record<string, string>} query
 * @returns {Promise<any[]>}
 */
export async function askAllPages(path, query) {
  const asked = new URLSearchParams({ ...query, limit: String(limits().page_limit_max) });
  const found = [];
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { items, next_cursor: next } = await ask(`${path}?${asked}`);
    found.push(...items);
    if (!next) break;
    asked.set("cursor", next);
  }
  return found;
}
