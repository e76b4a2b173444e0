// The links between the pages: only those that the key of the session can do something on.

export function showPages(may) {
  for (const link of document.querySelectorAll(".pages [data-needs]")) {
    link.hidden = !link.dataset.needs.split(" ").some(may);
  }
}

export const mayOf = (session) => (scope) => Boolean(session?.scopes.some((held) => held === scope || held === "admin"));
