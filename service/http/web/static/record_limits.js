// Lengths as the API counts them: in characters of the normal form, and not in the UTF-16 units that maxlength goes by.
import { isComposing } from "./record_keys.js";
import { word } from "./words.js";

const SHOWN_FROM = 0.8;
const characters = (text) => [...text.normalize("NFC")].length;
const surplus = (text) => text.length - characters(text);

// Takes off what is over the limit, which only a paste of unusual characters can be.
function cut(field, max) {
  if (characters(field.value) > max) field.value = [...field.value.normalize("NFC")].slice(0, max).join("");
}

function say(field, max, place) {
  const count = characters(field.value);
  const isFull = count >= max;
  place.textContent = count >= max * SHOWN_FROM ? `${count} / ${max}${isFull ? ` · ${word("limit")}` : ""}` : "";
}

// Lets a field take as much as the API does, and says beside it when that is nearly reached.
export function limit(field, max, place) {
  const settle = () => {
    if (isComposing()) return;
    cut(field, max);
    field.maxLength = max + surplus(field.value);
    say(field, max, place);
  };
  // Browsers look at maxlength after this event, and before the next one.
  field.addEventListener("beforeinput", ({ data, dataTransfer }) => {
    field.maxLength = max + surplus(field.value) + surplus(data ?? dataTransfer?.getData("text/plain") ?? "");
  });
  for (const event of ["input", "compositionend"]) field.addEventListener(event, settle);
  settle();
  return settle;
}
