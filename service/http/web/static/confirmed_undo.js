// A form that takes something back: a reason, then a question that Enter alone never answers, then one post under a key.
import { Failure } from "./answers.js";
import { button, byId, inputById, make } from "./elements.js";
import { Attempt } from "./record_api.js";
import { mark, sayRefused, whenSent } from "./residents_forms.js";
import { draws } from "./shell.js";
import { word } from "./words.js";

/** As long as a press of a key or the second click of a double click may still be of what was asked before. */
const CONSIDER_MS = 600;

/**
 * What is to be taken back: the address to post to, the question, and what follows.
 * @typedef {object} Undoing
 * @property {() => string} path
 * @property {() => string} question
 * @property {(answer: any) => void} undone
 */

/** The form #undo of a page, with its question in #undo-asked. */
export class ConfirmedUndo {
  /**
   * @param {string} name under which an attempt is kept
   * @param {Undoing} undoing
   */
  constructor(name, undoing) {
    this.attempt = new Attempt(name);
    this.undoing = undoing;
    this.reason = "";
    this.isAsked = false;
  }

  begin() {
    draws(() => this.draw());
    whenSent("undo", async () => {
      this.reason = inputById("undo-reason").value.trim().normalize("NFC");
      if (this.reason) this.ask(true);
      else {
        mark("undo-reason", word("reverse.reason"));
        byId("undo-reason").focus();
      }
    });
  }

  /** Forgets what was asked: something else is shown. */
  forget() {
    this.isAsked = false;
    inputById("undo-reason").value = "";
    byId("undo-refused").replaceChildren();
    mark("undo-reason", "");
    this.draw();
  }

  draw() {
    byId("undo").hidden = this.isAsked;
    byId("undo-asked").replaceChildren(...(this.isAsked ? [this.confirmation()] : []));
  }

  confirmation() {
    const yes = button("undo-yes", word("undo.yes"), () => this.undo(), { class: "main", disabled: true });
    // A key that is held down, or an Enter of the question before, confirms nothing.
    yes.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    setTimeout(() => (yes.disabled = false), CONSIDER_MS);
    return make(
      "div",
      { class: "confirm", role: "group", id: "undo-confirm", tabindex: "-1", "aria-labelledby": "undo-confirm-title" },
      make("p", { id: "undo-confirm-title" }, this.undoing.question()),
      make("p", {}, `${word("why")}: ${this.reason}`),
      yes,
      " ",
      button("undo-no", word("back"), () => this.ask(false)),
    );
  }

  /** @param {boolean} isAsked */
  ask(isAsked) {
    this.isAsked = isAsked;
    this.draw();
    byId(isAsked ? "undo-confirm" : "undo-reason").focus();
  }

  async undo() {
    try {
      const answer = await this.attempt.startAnew(this.undoing.path(), { reason: this.reason });
      this.forget();
      this.undoing.undone(answer);
    } catch (error) {
      this.ask(false);
      const isOthers = error instanceof Failure && error.status === 403;
      sayRefused("undo", error, ...(isOthers ? [make("p", {}, word("undo.others"))] : []));
    }
  }
}
