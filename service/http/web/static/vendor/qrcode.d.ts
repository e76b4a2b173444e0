// The part of qrcode.js that the receipt uses.
interface Code {
  addData(data: string, mode: "Byte"): void;
  make(): void;
  getModuleCount(): number;
  isDark(row: number, column: number): boolean;
}
export default function qrcode(typeNumber: number, errorCorrectionLevel: "L" | "M" | "Q" | "H"): Code;
