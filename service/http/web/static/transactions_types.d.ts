// What the scripts of the page of trades know of each other and of the API's answers.

/** What the page searches for: filters by the API's names, several values with commas. */
interface Search {
  filters: Record<string, string>;
  cursor: string | null;
  entry: string | null;
  view: "list" | "handover";
}
/** What is added up of live trades. */
interface Sums {
  transactions: number;
  participations: number;
  residents: number;
  quantity_kg: string;
  amount_cny: string;
  exempt_cny: string;
  taxable_cny: string;
}
interface Recorder {
  id: number;
  name: string | null;
}
interface EntryTotals {
  total: Sums;
  recorded_by: (Sums & { key: Recorder | null })[];
  category: (Sums & { key: string })[];
  verdict: (Sums & { key: string })[];
  reversals: number;
  position: string;
}
/** An entry with all that a list tells of it. */
type ListedEntry = Entry & {
  direction: string;
  day: string;
  group_id: string | null;
  settlement: string | null;
  seller: string | null;
  over_allowance: string;
  metadata: Record<string, string>;
  transferred_kg?: string;
  transferred_cny?: string;
  recorded_by: Recorder | null;
  declarant_id?: string | null;
  rule_verified?: boolean | null;
  consignment_line?: number | null;
  warnings?: { code: string; detail: string }[];
};
interface EntryPage {
  items: ListedEntry[];
  next_cursor: string | null;
}
/** What a search found: a page of entries, and the totals of all of them. */
interface Found {
  page: EntryPage;
  totals: EntryTotals;
  clerks: (Recorder | null)[];
}
