// One press, one act: a key that is held down, or that an input method uses for its own words, sends nothing.

// Safari reports the Enter that ends a word when the composition is over already, and marks it by this code alone.
const OF_AN_INPUT_METHOD = 229;
let place = null;

// Whether an input method is in the middle of a word, in the field that is being typed in.
export const isComposing = () => place !== null && place === document.activeElement;

function guard(event) {
  if (event.key !== "Enter" || event.target.nodeName === "A") return;
  if (event.repeat || event.isComposing || event.keyCode === OF_AN_INPUT_METHOD) event.preventDefault();
}

export function guardKeys() {
  addEventListener("compositionstart", (event) => (place = event.target), true);
  addEventListener("compositionend", () => (place = null), true);
  addEventListener("keydown", guard, true);
}
