// Registering a resident: a number is typed once, and never shown again but masked.
import { Failure, ask } from "./answers.js";
import { button, byId, inputById } from "./elements.js";
import { showResident } from "./residents_card.js";
import { bodyOf, drawOptions, empty, marketToday, post, sayRefused, whenSent } from "./residents_forms.js";
import { groupOptions, groupsChanged } from "./residents_groups.js";
import { draws, may } from "./shell.js";
import { say, word } from "./words.js";

const FIELDS = ["name", "id_number", "registered_on", "valid_until", "settlement", "group_id"];
/** What many residents have in common stays for the next one: they come from one settlement on one day. */
const OF_ONE = ["name", "id_number"];
/** What a browser may keep while somebody signs in again: nothing that names a person. */
const KEPT = FIELDS.filter((name) => !OF_ONE.includes(name));

/** @param {string} id */
async function open(id) {
  try {
    showResident(await ask(`/v1/residents/${id}`));
  } catch (error) {
    sayRefused("register", error);
  }
}

/**
 * The resident who has the number already, where the ledger names them.
 * @param {unknown} error
 */
function known(error) {
  const id = error instanceof Failure && error.problem?.code === "resident-exists" ? error.problem.resident_id : null;
  if (!id) return [];
  return [may("residents:read") ? button("register-known", `${word("show")} ${id}`, () => open(id)) : id].map((each) =>
    typeof each === "string" ? document.createTextNode(each) : each,
  );
}

async function register() {
  const made = await post("register", "/v1/residents", bodyOf("register", FIELDS), known);
  if (!made) return;
  empty("register", OF_ONE);
  if (made.group_id) groupsChanged();
  showResident(made, say("registered", { id: made.resident_id }));
}

/** What is kept over a sign-in. */
export const registering = () => bodyOf("register", KEPT);

/**
 * Puts back what was kept.
 * @param {Record<string, string | null>} kept
 */
export function restoreRegistering(kept) {
  for (const name of KEPT) {
    if (kept[name]) /** @type {HTMLInputElement} */ (byId(`register-${name}`)).value = kept[name];
  }
}

export function beginRegister() {
  draws(() => {
    byId("registering").hidden = !may("residents:write");
    drawOptions("register-group_id", [["", word("none")], ...groupOptions()]);
  });
  inputById("register-registered_on").value = marketToday();
  whenSent("register", register);
}
