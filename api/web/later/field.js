// A labelled field of a form, with how much room is left in it.
import { html, useId } from "../lib.js";

/** @param {{ label: string, value: string, onInput: (text: string) => void, max?: number, rows?: number, type?: string, [more: string]: any }} props */
export function Field({ label, value, onInput, max, rows, type = "text", ...more }) {
  const id = useId();
  const count = max && value.length > max * 0.7 ? html`<span class="faint">${value.length} / ${max}</span>` : null;
  const input = (/** @type {any} */ event) => onInput(event.target.value);
  return html`<div class="form-field"><label for=${id}>${label}${count}</label>
    ${rows ? html`<textarea id=${id} class="field" rows=${rows} dir="auto" maxlength=${max} value=${value} onInput=${input} ...${more}></textarea>` : html`<input id=${id} class="field" type=${type} dir="auto" maxlength=${max} value=${value} onInput=${input} ...${more} />`}</div>`;
}
