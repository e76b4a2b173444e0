// A link may bring the key behind its #, which no server gets to see; it must not stay in the address either.
const key = new URLSearchParams(location.hash.slice(1)).get("key");
const field = document.querySelector("#key");
if (key) {
  history.replaceState(null, "", location.pathname + location.search);
  field.value = key;
  field.form.requestSubmit();
} else {
  field.focus();
}
