// Files that are to be sent: uploaded while the words are still being written.
import { html, signal } from "../lib.js";
import { upload } from "../api.js";
import { t } from "../i18n.js";
import { most, size } from "../format.js";
import { largest, ruleFor } from "./capabilities.js";
import { IconButton, tell } from "../ui/dialog.js";
import { Icon } from "../ui/icon.js";

/**
 * @typedef {object} Attachment
 * @property {string} key
 * @property {File} file
 * @property {string} type the content type it goes as
 * @property {number} maxCaption
 * @property {string} url for the preview
 * @property {{ value: number }} progress 0 to 1
 * @property {{ value: { id: string, url: string, mimeType: string, size: number } | null }} media
 * @property {{ value: string | null }} fault
 * @property {AbortController} abort
 */

let keys = 0;

/** @param {{ value: Attachment[] }} into @param {Iterable<File>} files @param {string[]} can @param {import("./capabilities.js").Capabilities} channel */
export function attach(into, files, can, channel) {
  for (const file of files) {
    const rule = ruleFor(channel, file, can);
    if (!rule || file.size === 0) {
      const limit = largest(channel, file.type, can);
      tell(t(!limit ? "file_not_sendable" : file.size ? "file_too_large" : "file_empty", { name: file.name, size: most(limit) }), "bad");
      continue;
    }
    /** @type {Attachment} */
    const one = { key: `a${++keys}`, file, type: rule.type, maxCaption: rule.maxCaption, url: URL.createObjectURL(file), progress: signal(0), media: signal(null), fault: signal(null), abort: new AbortController() };
    into.value = [...into.value, one];
    void begin(one);
  }
}

/** @param {Attachment} one */
async function begin(one) {
  one.fault.value = null;
  one.progress.value = 0;
  try {
    one.media.value = await upload(one.file, (share) => (one.progress.value = share), one.abort.signal);
  } catch (error) {
    if (!one.abort.signal.aborted) one.fault.value = /** @type {any} */ (error).problem?.detail || t("upload_failed");
  }
}

/** @param {{ value: Attachment[] }} from @param {Attachment} one */
function remove(from, one) {
  one.abort.abort();
  URL.revokeObjectURL(one.url);
  from.value = from.value.filter((other) => other !== one);
}

/** @param {{ all: { value: Attachment[] } }} props */
export function Attachments({ all }) {
  if (!all.value.length) return null;
  return html`<ul class="attachments" aria-label=${t("attachments")}>${all.value.map((one) => html`<${Tile} key=${one.key} one=${one} all=${all} />`)}</ul>`;
}

/** @param {{ one: Attachment, all: { value: Attachment[] } }} props */
function Tile({ one, all }) {
  const { file, fault, media, progress } = one;
  const done = Boolean(media.value);
  const percent = Math.round(progress.value * 100);
  return html`<li class=${`attachment ${fault.value ? "failed" : ""}`}>
    ${one.type === "image" ? html`<img src=${one.url} alt="" />` : html`<span class="document-icon"><${Icon} name=${one.type === "video" ? "video" : one.type === "audio" ? "file-music" : "file-text"} size=${20} /></span>`}
    <span class="attachment-text"><bdi>${file.name}</bdi><span class="faint" role="status">${fault.value ?? (done ? size(file.size) : t("uploading", { percent }))}</span></span>
    ${!done && !fault.value && html`<progress max="100" value=${percent} aria-label=${t("uploading", { percent })} />`}
    ${fault.value && html`<${IconButton} icon="rotate-cw" size=${15} label=${t("try_again")} onClick=${() => begin(one)} />`}
    <${IconButton} icon="x" size=${15} label=${t("remove", { name: file.name })} onClick=${() => remove(all, one)} /></li>`;
}
