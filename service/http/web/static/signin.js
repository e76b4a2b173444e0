// A link may bring the key behind its #, which no server gets to see; it must not stay in the address either.
import { inputById } from "./elements.js";

const field = inputById("key");

function takeKey() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!key) return false;
  history.replaceState(null, "", location.pathname + location.search);
  field.value = key;
  field.form?.requestSubmit();
  return true;
}

// Pasted over the address of this very page, a link changes what is behind the #, and nothing is loaded anew.
addEventListener("hashchange", takeKey);
if (!takeKey()) field.focus();
