// What is fetched only when it is needed: dialogs and pickers, each a module under `later/`.
import { html, signal, useEffect, useState } from "./lib.js";
import { t } from "./i18n.js";
import { tell } from "./ui/dialog.js";

/** @type {{ value: { Part: any, props: any } | null }} */
const dialog = signal(/** @type {any} */ (null));

/** @param {string} name */
async function part(name) {
  try {
    return (await import(`./later/${name}.js`)).default;
  } catch {
    // Most likely the server runs a newer build by now.
    tell(t("reload"), "bad");
    return null;
  }
}

/** Opens a dialog. @param {"timeline" | "viewer" | "templates" | "interactive" | "keys" | "location"} name @param {any} [props] */
export async function later(name, props = {}) {
  const Part = await part(name);
  if (Part) dialog.value = { Part, props };
}

export function LaterDialog() {
  const now = dialog.value;
  return now && html`<${now.Part} ...${now.props} onClose=${() => (dialog.value = null)} />`;
}

/** A part in place, once it is there. @param {{ name: string, [prop: string]: any }} props */
export function Later({ name, ...props }) {
  const [Part, setPart] = useState(/** @type {any} */ (null));
  useEffect(() => {
    void part(name).then((loaded) => setPart(() => loaded));
  }, [name]);
  return Part && html`<${Part} ...${props} />`;
}
