// A labelled field of a form, with how much room is left in it.
import { html, useId } from "../lib.js";
import { measure } from "../composer/length.js";

/** @param {{ label: string, value: string, onInput: (text: string) => void, max?: number, unit?: "characters" | "bytes", rows?: number, type?: string, [more: string]: any }} props */
export function Field({ label, value, onInput, max, unit = "characters", rows, type = "text", ...more }) {
  const id = useId();
  const length = measure(value, { unit });
  const over = max !== undefined && length > max;
  const count = max && length > max * 0.7 ? html`<span class=${over ? "over" : "faint"}>${length} / ${max}</span>` : null;
  const input = (/** @type {any} */ event) => onInput(event.target.value);
  return html`<div class="form-field"><label for=${id}>${label}${count}</label>
    ${rows ? html`<textarea id=${id} class="field" rows=${rows} dir="auto" aria-invalid=${over} value=${value} onInput=${input} ...${more}></textarea>` : html`<input id=${id} class="field" type=${type} dir="auto" aria-invalid=${over} value=${value} onInput=${input} ...${more} />`}</div>`;
}
