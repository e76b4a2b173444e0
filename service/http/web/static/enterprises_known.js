// The enterprises that goods can go on to, by the purpose: those that are active and of its kind.
import { askAllPages } from "./all_pages.js";
import { ask } from "./answers.js";
import { byId, make } from "./elements.js";
import { limits } from "./limits.js";
import { word } from "./words.js";

/** @type {Map<string, Promise<Enterprise[]>>} */
const asked = new Map();

/**
 * The enterprises of a kind that are active today, asked for once. Throws Failure, and asks again the next time.
 * @param {string} purpose
 * @returns {Promise<Enterprise[]>}
 */
export function enterprisesFor(purpose) {
  const kind = limits().kind_for[purpose];
  const known = asked.get(kind) ?? askAllPages("/v1/enterprises", { kind, status: "active" });
  asked.set(kind, known);
  known.catch(() => asked.delete(kind));
  return known;
}

/**
 * Lets a field offer the first enterprises by their names; without an answer their ids are typed.
 * @param {string} id
 */
export async function offerEnterprises(id) {
  const page = await ask(`/v1/enterprises?limit=${limits().page_limit_max}`).catch(() => ({ items: [] }));
  const options = page.items.map((/** @type {Enterprise} */ { enterprise_id: value, name }) =>
    make("option", { value }, name),
  );
  const offered = make("datalist", { id: `${id}-offered` }, ...options);
  byId(id).after(offered);
  byId(id).setAttribute("list", offered.id);
}

/** @param {{ enterprise_id: string, name: string }} enterprise */
export const enterpriseWords = ({ enterprise_id: id, name }) => `${name} ${id}`;

/** @param {string[]} kinds */
export const kindWords = (kinds) =>
  kinds.map((kind) => word(`enterprises.kind.${kind}`)).join(word("report.between_values"));

/**
 * What can be chosen in a field of purposes.
 * @returns {[value: string, text: string][]}
 */
export const purposeOptions = () => limits().purposes.map((purpose) => [purpose, word(`purpose.${purpose}`)]);
