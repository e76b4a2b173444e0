// What the API takes at most, as the server has written it into the page from its schemas: no limit is written twice.
import { told } from "./elements.js";

/** @type {Limits | null} */
let known = null;

/** @returns {Limits} */
export const limits = () => (known ??= told("limits"));

/**
 * Takes limits from somewhere else than the page.
 * @param {Limits} given
 */
export function useLimits(given) {
  known = given;
}
