// Which conversation is open, and what of the page is seen where there is no room for all of it.
import { signal } from "./lib.js";
import { tell } from "./ui/dialog.js";
import { t } from "./i18n.js";
import { need, selected } from "./store/conversations.js";

/** @type {{ value: boolean }} */
export const detailsOpen = signal(matchMedia("(min-width: 1200px)").matches);

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
  addEventListener("popstate", (event) => {
    selected.value = event.state?.conversation ?? null;
  });
}
