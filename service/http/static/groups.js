// The names of groups by their ids: reports know the ids alone.
import { ask } from "./answers.js";

const PAGES_MAX = 10;
let names = {};
let asked = null;

async function askAllPages() {
  const found = {};
  let cursor = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { items, next_cursor: next } = await ask(
      `/v1/groups?limit=500${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`,
    );
    for (const { group_id: id, name } of items) found[id] = name;
    if (!next) break;
    cursor = next;
  }
  return found;
}

// Learns the names once; without an answer groups are called by their ids, as before.
export async function learnGroups() {
  asked ??= askAllPages()
    .then((found) => (names = found))
    .catch(() => (asked = null));
  await asked;
}

export const groupName = (id) => names[id];
