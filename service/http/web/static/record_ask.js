// A question that stands before everything else. It is answered by a press of its own: never by the key that led to it.
import { button, byId, make } from "./elements.js";
import { word } from "./words.js";

/** As long as a press of a key or the second click of a double click may still be of what was asked before. */
const CONSIDER_MS = 600;
const dialog = () => byId("asking", HTMLDialogElement);

/**
 * Lets a button be pressed by a click or by the space bar only.
 * @param {HTMLButtonElement} yes
 */
export function withoutEnter(yes) {
  yes.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  return yes;
}

/**
 * A button that can be pressed once there was time to read what it is about.
 * @param {HTMLButtonElement} yes
 */
export function afterReading(yes) {
  yes.disabled = true;
  setTimeout(() => (yes.disabled = false), CONSIDER_MS);
  return yes;
}

/**
 * Asks, and tells whether the answer is yes. Escape is a no.
 * @param {string} title
 * @param {Node[]} parts
 * @param {(close: (answer: boolean) => void) => HTMLButtonElement} yes makes the button that says yes
 * @returns {Promise<boolean>}
 */
export function askFirst(title, parts, yes) {
  const place = dialog();
  let answer = false;
  /** @param {boolean} given */
  const close = (given) => {
    answer = given;
    place.close();
  };
  place.replaceChildren(
    make("h2", { id: "asking-title", tabindex: "-1", autofocus: true }, title),
    ...parts,
    make("p", { class: "waiting", "data-waiting": true, role: "status" }),
    make(
      "p",
      { class: "tools" },
      afterReading(yes(close)),
      " ",
      button("ask-no", word("back"), () => close(false)),
    ),
  );
  place.showModal();
  byId("asking-title").focus();
  return new Promise((answered) => {
    place.addEventListener(
      "close",
      () => {
        place.replaceChildren();
        answered(answer);
      },
      { once: true },
    );
  });
}
