#!/usr/bin/env bash
# SheetJS of the npm registry writes every time of a clerk's computer in China 43 seconds late.
#
# One would guess: a cell made of new Date(2024, 3, 1, 16, 30) holds 16:30:00 in the workbook, in every time zone; the
# two ways that the library has to write it (a number, and with cellDates an ISO text) say the same.
# What happens with TZ=Asia/Shanghai: the number is 16:30:43, the ISO text is 16:30:00 and ends with a Z that is no UTC.
# The number counts days from a moment in 1899, when Shanghai's clocks were 8 h 5 min 43 s ahead of Greenwich, of which
# the runtime's offset of whole minutes loses the 43 seconds. In UTC both are right.
# So the same export may come to two times, and two keys; the workbook itself shows 16:30:43, and nothing in it tells.
#
# Exits with 1 when this has changed, with 2 when it can't be tried.
set -u
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
npm install --silent --no-audit --no-fund xlsx@0.18.5 >/dev/null 2>&1 || { echo "npm can't install xlsx@0.18.5"; exit 2; }
echo "node $(node --version), xlsx $(node -p 'require("xlsx").version')"
cat > write.js <<'JS'
const X = require("xlsx");
const found = {};
for (const cellDates of [false, true]) {
  const sheet = X.utils.aoa_to_sheet([[new Date(2024, 3, 1, 16, 30)]], { cellDates });
  const book = X.utils.book_new();
  X.utils.book_append_sheet(book, sheet, "S");
  const bytes = X.write(book, { type: "buffer", bookType: "xlsx", cellDates });
  const part = X.CFB.find(X.CFB.read(bytes, { type: "buffer" }), "/xl/worksheets/sheet1.xml");
  const value = /<v>([^<]*)<\/v>/.exec(Buffer.from(part.content).toString())[1];
  const seconds = Math.round((Number(value) % 1) * 86400);
  found[cellDates ? "text" : "number"] = cellDates ? value : new Date(seconds * 1000).toISOString().slice(11, 19);
}
console.log(`${found.number} ${found.text}`);
JS
changed=0
check() {
  local seen
  seen=$(TZ=$1 node write.js) || exit 2
  echo "TZ=$1: $seen (as a number, and with cellDates)"
  [ "$seen" = "$2" ] || { echo "  changed: it was $2"; changed=1; }
}
check Asia/Shanghai "16:30:43 2024-04-01T16:30:00.000Z"
check UTC "16:30:00 2024-04-01T16:30:00.000Z"
exit $changed
