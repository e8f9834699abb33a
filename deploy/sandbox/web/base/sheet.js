// A sheet over the page, as a dialog: it takes the focus, gives it back, and closes by Escape.
import { html, useLayoutEffect, useRef } from "./html.js";
import { Icon } from "./icons.js";

let count = 0;

export function Sheet({ title, close, children }) {
  const dialog = useRef(null);
  const id = useRef(`sheet-${(count += 1)}`).current;
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    return () => before?.isConnected && before.focus?.();
  }, []);
  const outside = (event) => event.target === dialog.current && close();
  return html`<dialog class="sheet" ref=${dialog} aria-labelledby=${id} onClose=${close} onClick=${outside}>
    <header><h2 id=${id} dir="auto">${title}</h2>
      <button type="button" class="icon" aria-label="Close" onClick=${close}><${Icon} name="close" /></button></header>
    <div class="sheet-body">${children}</div>
  </dialog>`;
}
