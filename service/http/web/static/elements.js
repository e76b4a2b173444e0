// Elements of the page: found by their ids, and made. Text is always text: nothing that the ledger holds becomes markup.

/**
 * The element with this id. Throws where the page has none, or one of another kind.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!found || (kind && !(found instanceof kind))) throw new Error(`no ${kind?.name ?? "element"} #${id}`);
  return /** @type {T} */ (found);
}

/** @param {string} id */
export const inputById = (id) => byId(id, HTMLInputElement);

/** @param {string} id */
export const buttonById = (id) => byId(id, HTMLButtonElement);

/**
 * The first element inside that a selector names. Throws where there is none.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {ParentNode} place
 * @param {string} selector
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function within(place, selector, kind) {
  const found = place.querySelector(selector);
  if (!(found instanceof (kind ?? HTMLElement))) throw new Error(`no ${selector}`);
  return /** @type {T} */ (found);
}

/**
 * What the server has written into the page as JSON.
 * @param {string} id
 */
export const told = (id) => JSON.parse(byId(id).textContent ?? "");

/** @typedef {Node | string | false | null | undefined} Part */

/**
 * An element with its attributes and what stands in it. An attribute of `true` has no value; what is false, null or
 * undefined is left out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number | boolean | null | undefined>} attributes
 * @param {...Part} inside
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  for (const part of inside) if (part !== null && part !== undefined && part !== false) element.append(part);
  return element;
}

/**
 * A button that does something.
 * @param {string} id
 * @param {string} text
 * @param {() => unknown} act
 * @param {Record<string, string | boolean>} [more]
 */
export function button(id, text, act, more = {}) {
  const made = make("button", { type: "button", id, ...more }, text);
  made.addEventListener("click", act);
  return made;
}

/**
 * Pairs of a name and what it stands for.
 * @param {[name: string, text: string][]} rows
 */
export function list(rows) {
  return make("dl", {}, ...rows.map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text))));
}

/**
 * A text that leads somewhere; where it leads nowhere, the text.
 * @param {string} text
 * @param {string | null | undefined} href
 */
export const linked = (text, href) => (href ? make("a", { href }, text) : text);

/**
 * A table whose first column names its rows. `total` is a last row. A cell is a text, or a link with a text.
 * @param {string} caption
 * @param {string[]} head
 * @param {(string | HTMLElement)[][]} rows
 * @param {(string | HTMLElement)[] | null} [total]
 */
export function table(caption, head, rows, total = null) {
  // A figure stays on one line; a reason in words may take several.
  /** @param {string | HTMLElement} inside */
  const cell = (inside) => {
    const text = typeof inside === "string" ? inside : (inside.textContent ?? "");
    return make("td", /\d/.test(text) ? {} : { class: "words" }, inside);
  };
  /** @param {(string | HTMLElement)[]} cells */
  const line = (cells) => make("tr", {}, make("th", { scope: "row" }, cells[0]), ...cells.slice(1).map(cell));
  return make(
    "table",
    {},
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows.map(line)),
    total && make("tfoot", {}, line(total)),
  );
}
