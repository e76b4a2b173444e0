// The limits that the tests work with; those of the server are compared with its schemas by tests/http/test_page_limits.py.
import { useLimits } from "../../service/http/web/static/limits.js";

useLimits({
  first_day: "2000-01-01",
  period_years_max: 10,
  filter_values_max: 100,
  page_limit_max: 500,
  found_max: 50,
  members_max: 1000,
  statuses: ["active", "suspended", "cancelled"],
  group_kinds: ["mutual_aid", "cooperative", "village"],
  resident_id: "^R(?!0{8})[0-9]{8}$",
  citizen_number: "^[0-9]{17}[0-9Xx]$",
  filters: ["category", "origin", "direction", "trade_point", "settlement", "group_id"],
  comparisons: ["yoy", "previous", "custom"],
  directions: ["import", "export"],
  over_allowance: ["tax", "refuse"],
  enterprise_kinds: ["processor", "trader"],
  purposes: ["processing", "secondary_market"],
  kind_for: { processing: "processor", secondary_market: "trader" },
  credit_code_characters: "0123456789ABCDEFGHJKLMNPQRTUWXY",
  languages: ["zh", "en", "mn"],
  signal_rules: [
    "consignment-one-buyer",
    "key-many-residents",
    "resident-at-limit",
    "price-of-month",
    "never-self-declared",
  ],
  lengths_max: { commodity: 100, reason: 200, credit_code: 18 },
});
