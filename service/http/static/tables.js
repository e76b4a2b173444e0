// Building what stands in the page. Text is always text: nothing that the ledger holds becomes markup.

export function make(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...inside.filter((part) => part !== null && part !== undefined && part !== false));
  return element;
}

// A table whose first column names its rows. `head` and each row are texts; `total` is a last row.
export function table(caption, head, rows, total = null) {
  // A figure stays on one line; a reason in words may take several.
  const cell = (text) => make("td", /\d/.test(text) ? {} : { class: "words" }, text);
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
