// The line of a clerk whose session has ended, kept in this tab until they have signed in again, and no longer.

// Whatever looks like a citizen number, in whichever field: none may stay in a browser's storage.
const CITIZEN_NUMBER = /\d{17}[\dX]/i;
const place = (owner) => `hushi.draft.${owner}`;

export function keepDraft(owner, draft) {
  const safe = Object.entries(draft).filter(([, value]) => value && !CITIZEN_NUMBER.test(value));
  try {
    sessionStorage.setItem(place(owner), JSON.stringify(Object.fromEntries(safe)));
  } catch {
    // The line then lasts as long as the page.
  }
}

export function takeDraft(owner) {
  try {
    const kept = sessionStorage.getItem(place(owner));
    sessionStorage.removeItem(place(owner));
    return JSON.parse(kept);
  } catch {
    return null;
  }
}
