// The names of groups by their ids: reports know the ids alone.
import { ask } from "./answers.js";
import { limits } from "./limits.js";

const PAGES_MAX = 10;
/** @type {Record<string, string>} */
let names = {};
/** @type {Promise<unknown> | null} */
let asked = null;

async function askAllPages() {
  /** @type {Record<string, string>} */
  const found = {};
  let cursor = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const after = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const { items, next_cursor: next } = await ask(`/v1/groups?limit=${limits().page_limit_max}${after}`);
    for (const { group_id: id, name } of items) found[id] = name;
    if (!next) break;
    cursor = next;
  }
  return found;
}

/** Learns the names once; without an answer groups are called by their ids, as before. */
export async function learnGroups() {
  asked ??= askAllPages()
    .then((found) => (names = found))
    .catch(() => (asked = null));
  await asked;
}

/**
 * @param {string} id
 * @returns {string | undefined}
 */
export const groupName = (id) => names[id];

/** The groups that are known, by id and name. */
export const knownGroups = () => Object.entries(names);
