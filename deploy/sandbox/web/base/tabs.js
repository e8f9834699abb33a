// Panels of which one shows; arrows move between their tabs.
import { html, useRef, useState } from "./html.js";

export function Tabs({ name, tabs }) {
  const [chosen, setChosen] = useState(tabs[0].id);
  const list = useRef(null);
  const keys = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const place = tabs.findIndex((tab) => tab.id === chosen);
    setChosen(tabs.at((place + step) % tabs.length).id);
    list.current.children[(place + step + tabs.length) % tabs.length].focus();
  };
  const shown = tabs.find((tab) => tab.id === chosen);
  return html`<div class="tabs" role="tablist" aria-label=${name} ref=${list} onKeyDown=${keys}>${tabs.map(
    (tab) => html`<button type="button" role="tab" id=${`tab-${tab.id}`} aria-selected=${tab.id === chosen} aria-controls="panel"
      tabindex=${tab.id === chosen ? 0 : -1} onClick=${() => setChosen(tab.id)}>${tab.label}</button>`,
  )}</div>
  <div class="panel" id="panel" role="tabpanel" aria-labelledby=${`tab-${chosen}`} tabindex="0"><${shown.Panel} /></div>`;
}

export const Switch = ({ on, change, label, hint }) => html`<label class="switch">
  <span><b>${label}</b>${hint && html`<small>${hint}</small>`}</span>
  <input type="checkbox" role="switch" checked=${on} onChange=${(event) => change(event.target.checked)} /></label>`;
