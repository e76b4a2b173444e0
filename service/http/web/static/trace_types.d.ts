// What the scripts of the page of traces know of each other and of the API's answers.

type TraceKind = "origin" | "consignment" | "transactions" | "transfer" | "enterprise" | "processing_batch" | "output";
type TraceMeasure = "quantity_kg" | "amount_cny";
/** What the page is asked for, as its address says it. */
interface TraceAsked {
  of: "batch" | "consignment" | "transaction";
  id: string;
  output: string | null;
  trade_point: string | null;
}
interface TraceNode {
  id: string;
  kind: TraceKind;
  label: string | null;
  quantity_kg: string;
  amount_cny: string | null;
  stays_kg: string | null;
  stays_cny: string | null;
  whole_kg: string | null;
  trade_point: string | null;
  vehicle_plate: string | null;
  merged: number;
}
interface TraceLink {
  source: string;
  target: string;
  kind: "goods" | "made";
  quantity_kg: string;
  amount_cny: string | null;
}
interface TracedTrade {
  transaction_id: string;
  resident_id: string;
  name: string;
  day: string;
  category: string;
  commodity: string;
  origin: string;
  consignment: string | null;
  vehicle_plate: string | null;
  quantity_kg: string;
  amount_cny: string;
  traced_kg: string;
}
interface TraceTotals {
  transactions: number;
  residents: number;
  quantity_kg: string;
  amount_cny: string;
  transferred_kg: string;
  transferred_cny: string;
  processed_kg: string;
  processed_cny: string;
  reversed_transfers: number;
  reversed_batches: number;
}
interface Trace {
  subject: { kind: string; id: string; output: number | null; reversed: boolean };
  nodes: TraceNode[];
  links: TraceLink[];
  transactions: { items: TracedTrade[]; next_cursor: string | null };
  totals: TraceTotals;
}
/** A box of the picture, with the figures of all nodes that it stands for. */
interface TraceBox {
  box: import("./trace_layout.js").Box;
  kind: TraceKind;
  name: string;
  href: string | null;
  quantity_kg: string;
  amount_cny: string | null;
  stays_kg: string | null;
  stays_cny: string | null;
  whole_kg: string | null;
}
