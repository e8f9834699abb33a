// Which conversation is open, and what of the page is seen where there is no room for all of it.
import { effect, signal } from "./lib.js";
import { tell } from "./ui/dialog.js";
import { t } from "./i18n.js";
import { gone, need, selected } from "./store/conversations.js";

/** Where the details lie over the thread; as in `layout.css`. */
export const DETAILS_OVER = "(max-width: 1199px)";
/** @type {{ value: boolean }} */
export const detailsOpen = signal(!matchMedia(DETAILS_OVER).matches);

/** @param {string} id */
export async function open(id) {
  if (selected.value === id) return;
  try {
    await need(id);
  } catch {
    return tell(t("not_found"), "bad");
  }
  const before = selected.value;
  selected.value = id;
  // On a phone the thread stands in place of the list, and going back is what the browser's own gesture does.
  const entry = { conversation: id };
  if (before) history.replaceState(entry, "");
  else history.pushState(entry, "");
}

export function close() {
  if (history.state?.conversation) history.back();
  else selected.value = null;
}

export function watchHistory() {
  effect(() => {
    if (!gone.value) return;
    if (gone.value === selected.value) tell(t("conversation_gone")), close();
    gone.value = null;
  });
  addEventListener("popstate", (event) => {
    const left = selected.value;
    selected.value = event.state?.conversation ?? null;
    // The focus goes back to where it came from.
    if (left && !selected.value) requestAnimationFrame(() => /** @type {HTMLElement | null} */ (document.querySelector(`.row[data-id="${left}"]`))?.focus());
  });
}
