// What the pages have in common: the links between them, and signing out.
import { Failure, ask } from "./answers.js";

// Only the links that the key of the session can do something on.

export function showPages(may) {
  for (const link of document.querySelectorAll(".pages [data-needs]")) {
    link.hidden = !link.dataset.needs.split(" ").some(may);
  }
}

export const mayOf = (session) => (scope) =>
  Boolean(session?.scopes.some((held) => held === scope || held === "admin"));

// Until the server knows that the session has ended, its cookie would let the next person at this browser in.
export async function signOut() {
  let session;
  try {
    // Asked again: another tab may have begun another session since.
    session = await ask("/session");
  } catch (error) {
    if (error.status === 401) return;
    throw error;
  }
  const headers = { "X-CSRF-Token": session.csrf_token, Accept: "application/json" };
  const answer = await fetch("/signout", { method: "POST", headers }).catch(() => null);
  if (!answer?.ok) throw new Failure(answer?.status ?? 0, (await answer?.json().catch(() => null)) ?? null);
}
