// What a browser keeps between two visits, or for as long as a tab lives. A browser that keeps nothing loses nothing else.

/**
 * @param {() => Storage} storage
 * @param {string} name
 */
function read(storage, name) {
  try {
    return storage().getItem(name);
  } catch {
    return null;
  }
}

/**
 * @param {() => Storage} storage
 * @param {string} name
 * @param {string | null} value
 */
function write(storage, name, value) {
  try {
    if (value === null) storage().removeItem(name);
    else storage().setItem(name, value);
  } catch {
    // What was to be kept then lasts as long as the page.
  }
}

const always = () => localStorage;
const whileOpen = () => sessionStorage;

/** @param {string} name */
export const kept = (name) => read(always, name);

/**
 * @param {string} name
 * @param {string} value
 */
export const keep = (name, value) => write(always, name, value);

/**
 * What this tab keeps under a name, or null.
 * @param {string} name
 * @returns {any}
 */
export function keptInTab(name) {
  try {
    return JSON.parse(read(whileOpen, name) ?? "null");
  } catch {
    return null;
  }
}

/**
 * Keeps a value in this tab; null takes it away.
 * @param {string} name
 * @param {unknown} value
 */
export const keepInTab = (name, value) => write(whileOpen, name, value === null ? null : JSON.stringify(value));
