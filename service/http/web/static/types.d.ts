// What the scripts of the pages know of each other and of the API's answers; TypeScript reads it, browsers never do.

type Lang = "zh" | "en" | "mn";
/** All words by language and key, and the names of the rules by dimension, code and language. */
interface Catalogue {
  words: Record<Lang, Record<string, string>>;
  names: Record<string, Record<string, Record<Lang, string>>>;
}
type PeriodKind = "year" | "half" | "quarter" | "month" | "ytd" | "free";
type Interval = "day" | "month" | "quarter";
type Compare = "yoy" | "previous" | "custom";
type MeasureName = "amount_cny" | "quantity_kg" | "transactions" | "participations" | "residents";

/** A whole part of a year; `part` counts from 1, and is 0 for the year itself. */
interface PartOfYear {
  kind: "year" | "half" | "quarter" | "month";
  year: number;
  part: number;
}
interface YearToDate {
  kind: "ytd";
  to: string;
}
interface FreePeriod {
  kind: "free";
  from: string;
  to: string;
}
type Period = PartOfYear | YearToDate | FreePeriod;

interface WrongParameter {
  name: string;
  code: string;
  choices?: readonly string[];
}
interface Question<P = Period> {
  period: P;
  compare: Compare;
  /** The base period that was named: what the API takes with "custom" and refuses otherwise. */
  base: { from: string; to: string } | null;
  measure: MeasureName;
  filters: Record<string, string[]>;
  wrong: WrongParameter[];
}
/** What an address asks; one that names no period is answered with the newest one. */
type Asked = Question<Period | null>;

/** What the API takes, as its schemas say it; the server writes it into the page (service/http/web/limits.py). */
interface Limits {
  first_day: string;
  period_years_max: number;
  filter_values_max: number;
  page_limit_max: number;
  found_max: number;
  members_max: number;
  statuses: string[];
  group_kinds: string[];
  resident_id: string;
  citizen_number: string;
  filters: string[];
  comparisons: string[];
  directions: string[];
  over_allowance: string[];
  enterprise_kinds: string[];
  purposes: string[];
  kind_for: Record<string, string>;
  credit_code_characters: string;
  languages: string[];
  signal_rules: string[];
  lengths_max: Record<string, number>;
}

interface Days {
  from: string;
  to: string;
}
/** A figure; amounts and weights are text, counts are numbers. */
type Figure = string | number;
interface Measure {
  current: Figure;
  base: Figure | null;
  change: Figure | null;
  growth_pct: string | null;
  ratio: string | null;
  reason: string | null;
}
interface Row {
  key: Record<string, string | null>;
  share_pct?: string | null;
  [measure: string]: any;
}
interface Report {
  period: Days;
  base_period: Days | null;
  total: Record<string, Measure>;
  rows: Row[];
  through: string;
  position: string;
}
interface Claim {
  phrase: string;
  measure: string;
  base: Figure | null;
  growth_pct: string | null;
}
interface Brief {
  text: string;
  claims: Claim[];
  registered_base_on: string;
  position: string;
}
interface Paths {
  brief: string;
  months: string;
  category: string;
  origin: string;
  people: string;
  processing: string;
  purposes: string;
}
interface Answers extends Record<Exclude<keyof Paths, "brief">, Report> {
  brief: Brief;
  paths: Paths;
  position: string;
}
/** What can be filtered by, by dimension, and under `years` the years of which there is trade. */
type Choices = Record<string, string[]>;

interface Session {
  id: number;
  name: string;
  /** The one that the key is bound to. */
  trade_point?: string | null;
  scopes: string[];
  csrf_token: string;
}
interface FieldError {
  code: string;
  detail: string;
  pointer: string;
}
/** RFC 9457, as far as the pages read it. */
interface Problem {
  code?: string;
  detail?: string;
  request_id?: string;
  errors?: FieldError[];
  limit_cny?: string;
  remaining_cny?: string;
  reversal_id?: string;
  resident_id?: string;
  group_id?: string;
  enterprise_id?: string;
  transaction_id?: string;
  left_kg?: string;
}
/** A text and the language that it is in, where that is not the page's. */
interface Words {
  text: string;
  lang: string | null;
}

interface Resident {
  resident_id: string;
  name?: string;
  id_number?: string;
  status?: string;
  registered_on?: string;
  valid_until?: string | null;
  recorded_by?: { id: number; name: string | null } | null;
  settlement?: string | null;
  group_id?: string | null;
}
interface Group {
  group_id: string;
  name: string;
  kind: string;
  members: number;
}
interface Allowance {
  day: string;
  limit_cny: string;
  remaining_cny: string;
  quantity_limits: { list_group: string; limit_kg: string; remaining_kg: string }[];
}
interface Warning {
  code: string;
  detail: string;
}
interface Quote {
  warnings?: Warning[];
  verdict: string;
  exempt_cny: string;
  taxable_cny: string;
  remaining_after_cny: string;
  rule_version: string;
}
interface Entry {
  transaction_id: string;
  kind: "trade" | "reversal";
  resident_id: string;
  category: string;
  commodity: string;
  origin: string;
  hs_code: string | null;
  trade_point: string;
  quantity_kg: string;
  amount_cny: string;
  exempt_cny: string;
  taxable_cny: string;
  verdict: string;
  rule_version: string;
  traded_at: string;
  recorded_at: string;
  consignment: string | null;
  vehicle_plate: string | null;
  reference: string | null;
  seller: string | null;
  direction: string;
  over_allowance: string;
  metadata?: Record<string, string>;
  recorded_by?: { id: number; name: string } | null;
  reverses: string | null;
  reason: string | null;
  reversed_by?: string | null;
  block?: number | null;
}
interface Proof {
  transaction: { transaction_id: string };
  leaf_hash: string;
  block: { no: number; hash: string };
}
/** The sums of the live trades that a list has. */
interface DayTotals {
  transactions: number;
  residents: number;
  quantity_kg: string;
  amount_cny: string;
  taxable_cny: string;
}
/** The body of a trade that is being entered. */
type Line = Record<string, any>;
/** What is to be posted, with the key under which the ledger knows it again. */
interface Pending {
  key: string;
  path: string;
  body: Line;
  unsure?: boolean;
}

interface Palette {
  paper: string;
  ink: string;
  quiet: string;
  line: string;
  current: string;
  base: string;
  size: number;
  family: string;
}
interface Chart {
  data: import("uplot").AlignedData;
  options: Omit<import("uplot").Options, "width">;
}
/** Makes a chart for a width in these colours. */
type ChartMaker = (width: number, colours: Palette) => Chart;
type Values = (number | null)[];

/** What the tables, figures and charts of one report have in common. */
interface ReportContext {
  answers: Answers;
  question: Question;
  compared: string;
  cutOff: string;
  baseWord: string;
}
/** A line of a truck: what it held, what of it was split, and what is left. */
interface TruckLine {
  line: number;
  category: string;
  commodity: string;
  hs_code: string | null;
  origin: string;
  quantity_kg: string;
  amount_cny: string;
  split_kg: string;
  split_cny: string;
  left_kg: string;
  left_cny: string;
}
interface Truck {
  consignment: string;
  trade_point: string;
  vehicle_plate: string | null;
  seller: string | null;
  arrived_at: string;
  lines: TruckLine[];
  other_trades: { transactions: number; quantity_kg: string; amount_cny: string };
  transfers?: ListedTransfer[];
  recorded_at: string;
  recorded_by: { id: number; name: string | null } | null;
}
interface SplitPart {
  line: number;
  resident_id: string;
  name?: string;
  quantity_kg: string;
  amount_cny: string;
  exempt_cny: string;
  taxable_cny: string;
  transaction_id?: string;
}
interface SplitProposal {
  proposal: string;
  consignment: string;
  day: string;
  parts: SplitPart[];
  no_room: { resident_id: string; name: string; why: string; detail: string }[];
  left: { line: number; quantity_kg: string; amount_cny: string }[];
}
interface Mandate {
  mandate_id: string;
  representative_id: string;
  resident_id: string;
  valid_from: string;
  valid_until: string;
  withdrawn_from: string | null;
  recorded_at: string;
  recorded_by: { id: number; name: string | null } | null;
}

/** Whom or what a signal is about, or who is behind it; the name of a resident is masked. */
interface SignalParty {
  kind: string;
  id: string;
  name: string | null;
}
interface Compared {
  figure: string;
  value: Figure;
  comparator: "at_least" | "more_than" | "below" | "above";
  threshold: Figure;
}
interface SignalEntries {
  transactions: number;
  residents: number;
  amount_cny: string;
  filters: Record<string, string>;
  lists_others: boolean;
}
interface Signal {
  rule: string;
  subject: SignalParty;
  buyer: SignalParty | null;
  period: Days;
  compared: Compared[];
  entries: SignalEntries;
}
interface FoundRule {
  rule: string;
  found: number;
  shown: number;
  thresholds: Record<string, Figure>;
}
interface SignalsReport {
  rules: FoundRule[];
  signals: Signal[];
}
