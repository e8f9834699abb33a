// How long words are, as a channel counts them.

/** @typedef {{ maxLength: number, unit: "characters" | "bytes" }} Limit */

/** @param {string} text @param {{ unit: Limit["unit"] }} limit */
export const measure = (text, { unit }) => (unit === "bytes" ? new TextEncoder().encode(text).length : [...text].length);

/** What a text message can say in seven bits; the second line takes two places each. */
const SEVEN_BITS = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const ESCAPED = new Set("\f^{}\\[~]|€");

/** In how many parts networks carry a text message, which is what it is charged by. @param {string} text */
export function segments(text) {
  const letters = [...text];
  if (!letters.every((one) => SEVEN_BITS.has(one) || ESCAPED.has(one))) return parts(letters.map((one) => one.length), 70, 67);
  return parts(letters.map((one) => (ESCAPED.has(one) ? 2 : 1)), 160, 153);
}

/** A letter is never torn apart. @param {number[]} sizes @param {number} alone @param {number} each */
function parts(sizes, alone, each) {
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  if (whole <= alone) return whole ? 1 : 0;
  let [count, filled] = [1, 0];
  for (const size of sizes) {
    if (filled + size > each) [count, filled] = [count + 1, 0];
    filled += size;
  }
  return count;
}
