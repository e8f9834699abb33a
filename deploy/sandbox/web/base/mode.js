// Light, dark, or as the system has it.
import { html, useState } from "./html.js";
import { Icon } from "./icons.js";
import { remembered } from "./store.js";

const NEXT = { system: "light", light: "dark", dark: "system" };
const SAID = { system: "as the system", light: "light", dark: "dark" };

const apply = (mode) => {
  document.documentElement.dataset.theme = mode;
};

export const startMode = () => apply(remembered.get("mode", "system"));

export function ModeButton() {
  const [mode, setMode] = useState(remembered.get("mode", "system"));
  const turn = () => {
    const next = NEXT[mode];
    remembered.set("mode", next);
    apply(next);
    setMode(next);
  };
  return html`<button type="button" class="icon" onClick=${turn} aria-label=${`Colours: ${SAID[mode]}. Change`} title=${`Colours: ${SAID[mode]}`}>
    <${Icon} name=${mode === "system" ? "screen" : mode} />
  </button>`;
}
