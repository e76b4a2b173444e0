// Where the rows behind a figure are: the address of the page of trades, with the filters that the figure is made by.

/** @typedef {Record<string, (string | null)[]>} Scope values by dimension; null is what has no group or settlement */

/**
 * A scope narrowed by the key of a row: its value stands for those that were asked for.
 * @param {Scope} scope
 * @param {Record<string, string | null>} key
 * @returns {Scope}
 */
export function narrowed(scope, key) {
  return { ...scope, ...Object.fromEntries(Object.entries(key).map(([name, value]) => [name, [value]])) };
}

/**
 * The address of the live trades of some days in a scope: what reports count.
 * @param {Days} days
 * @param {Scope} scope
 * @param {string} lang
 */
export function rowsAddress({ from, to }, scope, lang) {
  const params = new URLSearchParams({ from, to });
  for (const [name, values] of Object.entries(scope)) params.set(name, values.map((value) => value ?? "").join(","));
  for (const [name, value] of Object.entries({ kind: "trade", reversed: "false", lang })) params.set(name, value);
  return `/transactions?${params.toString().replaceAll("%2C", ",")}`;
}
