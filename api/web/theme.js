// Light, dark, or as the system has it: by the viewer's choice, the address, the host page, or what the embed was made with.
import { effect, signal } from "./lib.js";
import { browser } from "./storage.js";
import { session } from "./session.js";

/** @typedef {"system" | "light" | "dark"} Mode */
export const MODES = /** @type {const} */ (["system", "light", "dark"]);

/** What was asked for here or by the host. @type {{ value: Mode | null }} */
const wish = signal(/** @type {Mode | null} */ (null));

/** @param {any} value @returns {Mode | null} */
const mode = (value) => (MODES.includes(value) ? value : null);

/** @returns {Mode} */
export const theme = () => wish.value ?? mode(new URLSearchParams(location.search).get("mode")) ?? mode(browser.get("theme")) ?? session.value?.embed?.defaultMode ?? "system";

/** @param {any} value @param {boolean} [keep] for the next visit too */
export function setTheme(value, keep = false) {
  wish.value = mode(value);
  if (keep) browser.set("theme", value);
}

export function applyTheme() {
  effect(() => {
    document.documentElement.dataset.theme = theme();
  });
}
