// What the pages of enterprises, transfers and processing batches know of the API's answers.

interface Enterprise {
  enterprise_id: string;
  name: string;
  credit_code: string;
  kinds: string[];
  status: string;
  valid_from: string;
  valid_until: string | null;
  recorded_at: string;
  recorded_by: Recorder | null;
}
/** Who took something back, when and why. */
interface Undone {
  reason: string;
  recorded_at: string;
  recorded_by: Recorder | null;
}
interface TransferLine {
  line: number;
  transaction_id: string;
  quantity_kg: string;
  amount_cny: string;
  paid_cny: string | null;
}
/** The sums of a transfer by what its goods are. */
interface TransferGoods {
  category: string;
  commodity: string;
  hs_code: string | null;
  origin: string;
  transactions: number;
  quantity_kg: string;
  amount_cny: string;
}
/** What a table of transfers shows: of the list of transfers, or of a truck. */
interface ListedTransfer {
  transfer_id: string;
  transferred_on: string;
  enterprise: { name: string } | string;
  purpose: string;
  quantity_kg: string;
  amount_cny: string;
  consignment?: string | null;
  reversal?: Undone | null;
  reversed?: boolean;
  processing_batch_id?: string | null;
}
/** A transfer; lists leave out its lines, goods and trucks. */
interface Transfer {
  transfer_id: string;
  enterprise: { enterprise_id: string; name: string };
  enterprise_id: string;
  purpose: string;
  transferred_on: string;
  trade_point: string | null;
  consignment: string | null;
  contract: string | null;
  invoice: string | null;
  paid_cny: string | null;
  transactions: number;
  residents: number;
  quantity_kg: string;
  amount_cny: string;
  lines?: TransferLine[];
  goods?: TransferGoods[];
  trucks?: { consignment: string | null; vehicle_plate: string | null }[];
  reversal: Undone | null;
  processing_batch_id: string | null;
  recorded_at: string;
  recorded_by: Recorder | null;
}
/** A trade with what of it has gone on by live transfers. */
interface GoodsTrade extends Entry {
  day: string;
  transferred_kg: string;
  transferred_cny: string;
}
interface ProcessingOutput {
  output: number;
  commodity: string;
  hs_code: string | null;
  quantity_kg: string;
  amount_cny: string | null;
}
interface ProcessingBatch {
  processing_batch_id: string;
  enterprise: { enterprise_id: string; name: string } | string;
  enterprise_id: string;
  processed_on: string;
  transfer_ids: string[];
  input_kg: string;
  input_cny: string;
  output_kg: string;
  yield_pct: string;
  outputs: ProcessingOutput[];
  reversal: Undone | null;
  recorded_at: string;
  recorded_by: Recorder | null;
}
