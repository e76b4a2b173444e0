// One press, one act: a key that is held down, or that an input method uses for its own words, sends nothing.

/** Safari reports the Enter that ends a word when the composition is over already, and marks it by this code alone. */
const OF_AN_INPUT_METHOD = 229;
/** @type {EventTarget | null} */
let place = null;

/** Whether an input method is in the middle of a word, in the field that is being typed in. */
export const isComposing = () => place !== null && place === document.activeElement;

/**
 * Whether a key sends nothing: an Enter that is held down, or that ends a word. Links are followed as ever.
 * @param {Pick<KeyboardEvent, "key" | "repeat" | "isComposing" | "keyCode">} event
 * @param {string} [on] the name of the element
 */
export function sendsNothing({ key, repeat, isComposing: composes, keyCode }, on = "INPUT") {
  return key === "Enter" && on !== "A" && (repeat || composes || keyCode === OF_AN_INPUT_METHOD);
}

export function guardKeys() {
  addEventListener("compositionstart", (event) => (place = event.target), true);
  addEventListener("compositionend", () => (place = null), true);
  addEventListener(
    "keydown",
    (event) => {
      if (sendsNothing(event, /** @type {Node} */ (event.target).nodeName)) event.preventDefault();
    },
    true,
  );
}
