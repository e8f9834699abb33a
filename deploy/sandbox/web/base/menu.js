// A button that opens a short list of things to do; Escape, a click elsewhere or a choice closes it.
import { html, useLayoutEffect, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";

export function Menu({ label, icon, options, top, class: name = "" }) {
  const [open, setOpen] = useState(false);
  const whole = useRef(null);
  const button = useRef(null);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  useLayoutEffect(() => {
    if (!open) return undefined;
    const elsewhere = (event) => whole.current?.contains(event.target) || setOpen(false);
    document.addEventListener("pointerdown", elsewhere);
    const list = whole.current.querySelector(".menu-list");
    list.querySelector("button")?.focus({ preventScroll: true });
    list.scrollIntoView?.({ block: "nearest" });
    return () => document.removeEventListener("pointerdown", elsewhere);
  }, [open]);
  const keys = (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step || !open) return;
    event.preventDefault();
    const all = [...whole.current.querySelectorAll(".menu-list button:not(:disabled)")];
    all.at((all.indexOf(document.activeElement) + step) % all.length)?.focus();
  };
  return html`<div class=${`menu ${name} ${open ? "open" : ""}`} ref=${whole} onKeyDown=${keys}>
    <button type="button" class="icon" ref=${button} aria-label=${label} title=${label} aria-expanded=${open} onClick=${() => setOpen(!open)}><${Icon} name=${icon} /></button>
    ${open && html`<div class="menu-list" onClick=${(event) => event.target.closest("button") && close()}>${top}
      ${options.map((option) => html`<button type="button" class="option" key=${option.label} onClick=${option.run}><${Icon} name=${option.icon} /><span>${option.label}</span></button>`)}
    </div>`}
  </div>`;
}
