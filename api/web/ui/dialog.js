// Dialogs, menus and passing notices.
import { html, signal, useEffect, useId, useLayoutEffect, useRef } from "../lib.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";

/** The platform's own modal dialog: it holds the focus, closes by Escape, and gives the focus back. @param {any} props */
export function Dialog({ title, children, onClose, class: more = "", footer }) {
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useId();
  useLayoutEffect(() => {
    const dialog = ref.current;
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    dialog?.showModal();
    return () => {
      dialog?.close();
      before?.focus?.({ preventScroll: true });
    };
  }, []);
  return html`<dialog ref=${ref} class=${`dialog ${more}`} aria-labelledby=${id} onCancel=${(/** @type {Event} */ event) => (event.preventDefault(), onClose())}
    onMouseDown=${(/** @type {MouseEvent} */ event) => event.target === ref.current && onClose()}>
    <div class="dialog-body">
      <header class="dialog-head"><h2 id=${id}>${title}</h2><${IconButton} icon="x" label=${t("close")} onClick=${onClose} /></header>
      <div class="dialog-content" tabindex="0">${children}</div>
      ${footer && html`<footer class="dialog-foot">${footer}</footer>`}
    </div>
  </dialog>`;
}

/** @param {any} props */
export function IconButton({ icon, label, onClick, class: more = "", size = 18, ...rest }) {
  return html`<button type="button" class=${`icon-button ${more}`} aria-label=${label} title=${label} onClick=${onClick} ...${rest}><${Icon} name=${icon} size=${size} /></button>`;
}

/** A panel beside what opened it; closes by Escape or a press elsewhere. @param {any} props */
export function Popover({ children, onClose, class: more = "", label, role = "dialog" }) {
  const ref = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => {
    const opener = /** @type {HTMLElement | null} */ (document.activeElement);
    const outside = (/** @type {Event} */ event) => {
      if (!ref.current?.parentElement?.contains(/** @type {Node} */ (event.target))) onClose();
    };
    const key = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      onClose();
      opener?.focus();
    };
    document.addEventListener("pointerdown", outside);
    // Wherever the focus is: what the popover holds may still be on its way.
    document.addEventListener("keydown", key, true);
    /** @type {HTMLElement | null | undefined} */ (ref.current?.querySelector("input, button"))?.focus();
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", key, true);
    };
  }, []);
  return html`<div ref=${ref} class=${`popover ${more}`} role=${role} aria-label=${label}>${children}</div>`;
}

/** @param {{ label: string, items: { label: string, icon?: string, checked?: boolean, onSelect: () => void, heading?: boolean }[], onClose: () => void, class?: string }} props */
export function Menu({ label, items, onClose, class: more = "" }) {
  const move = (/** @type {KeyboardEvent} */ event) => {
    const step = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1 })[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("button")];
    const at = all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    all[(at + step + all.length) % all.length]?.focus();
  };
  return html`<${Popover} role="presentation" class=${`menu ${more}`} onClose=${onClose}>
    <div role="menu" aria-label=${label} onKeyDown=${move}>
      ${items.map((item) => item.heading
        ? html`<div class="menu-heading" role="presentation">${item.label}</div>`
        : html`<button type="button" role=${item.checked === undefined ? "menuitem" : "menuitemradio"} aria-checked=${item.checked} class="menu-item"
            onClick=${() => (onClose(), item.onSelect())}>
            ${item.icon ? html`<${Icon} name=${item.icon} size=${16} />` : html`<span class="menu-gap">${item.checked && html`<${Icon} name="check" size=${16} />`}</span>`}
            <span>${item.label}</span></button>`)}
    </div>
  </${Popover}>`;
}

/** @type {{ value: { text: string, id: number, kind: string } | null }} */
const notice = signal(/** @type {any} */ (null));
let notices = 0;

/** Says something in passing. @param {string} text @param {"info" | "bad"} [kind] */
export function tell(text, kind = "info") {
  const id = ++notices;
  notice.value = { text, id, kind };
  setTimeout(() => notice.value?.id === id && (notice.value = null), 5_000);
}

export function Notices() {
  const now = notice.value;
  return html`<div class="notices" role="status" aria-live="polite">${now && html`<div key=${now.id} class=${`notice ${now.kind}`}>${now.text}</div>`}</div>`;
}
