// Keys that work anywhere on the page, but where somebody writes.
import { signal } from "./lib.js";
import { close, detailsOpen } from "./navigation.js";
import { selected } from "./store/conversations.js";
import { neighbour } from "./list/list.js";

export const help = signal(false);

/** What the help shows. */
export const KEYS = [["/", "key_search"], ["j", "key_next"], ["k", "key_previous"], ["r", "key_write"], ["i", "key_details"], ["Esc", "key_close"], ["?", "key_help"]];

/** @param {KeyboardEvent} event */
function pressed(event) {
  const at = /** @type {HTMLElement} */ (event.target);
  const writing = at.closest("input, textarea, select, [contenteditable]");
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && !at.closest(".popover")) {
    if (writing) return at.blur();
    if (selected.value) close();
    return;
  }
  if (writing) return;
  const act = /** @type {Record<string, () => void>} */ ({
    "/": () => document.getElementById("search")?.focus(),
    j: () => neighbour(1),
    k: () => neighbour(-1),
    r: () => document.getElementById("write")?.focus(),
    i: () => (detailsOpen.value = !detailsOpen.value),
    "?": () => (help.value = true),
  })[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

export const listenForKeys = () => document.addEventListener("keydown", pressed);
