// WhatsApp's marks in a text (*bold*, _italic_, ~struck~, `code`) and addresses to open.
import { html } from "../base/html.js";

const MARKS = { "*": "strong", _: "em", "~": "s", "`": "code" };
const ADDRESS = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]]/;
const MARKED = /(?<![\p{L}\p{N}])([*_~`])(?=\S)([^\n]*?\S)\1(?![\p{L}\p{N}])/u;

export function Rich({ text, plain }) {
  return pieces(String(text ?? ""), Boolean(plain));
}

function pieces(text, plain) {
  const address = ADDRESS.exec(text);
  const marked = plain ? null : MARKED.exec(text);
  const found = address && (!marked || address.index <= marked.index) ? address : marked;
  if (!found) return text;
  const before = text.slice(0, found.index);
  const after = text.slice(found.index + found[0].length);
  const piece =
    found === address
      ? html`<a href=${found[0]} target="_blank" rel="noopener noreferrer">${found[0]}</a>`
      : html`<${MARKS[found[1]]}>${found[1] === "`" ? found[2] : pieces(found[2], false)}<//>`;
  return [before, piece, ...[pieces(after, plain)].flat()];
}
