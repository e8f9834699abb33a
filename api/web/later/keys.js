// The keys that there are.
import { html } from "../lib.js";
import { t } from "../i18n.js";
import { KEYS } from "../keys.js";
import { Dialog } from "../ui/dialog.js";

/** @param {any} props */
export default function Keys({ onClose }) {
  return html`<${Dialog} title=${t("keyboard")} onClose=${onClose} class="narrow"><dl class="keys">
    ${[...KEYS, ["Enter", "key_send"], ["Shift Enter", "key_line"]].map(([key, words]) => html`<div key=${key}><dt>${key.split(" ").map((one) => html`<kbd>${one}</kbd>`)}</dt><dd>${t(words)}</dd></div>`)}
  </dl></${Dialog}>`;
}
