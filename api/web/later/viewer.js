// A picture, large; with others of the conversation to leaf through.
import { html, useEffect, useState } from "../lib.js";
import { t } from "../i18n.js";
import { thread } from "../store/thread.js";
import { Dialog, IconButton } from "../ui/dialog.js";
import { Icon } from "../ui/icon.js";

/** @param {any} props */
export default function Viewer({ url, alt, conversationId, mediaId, all, at, onClose }) {
  const pictures = all ?? (conversationId ? thread(conversationId).messages.value.map((one) => one.content).filter((one) => one.type === "image" && one.url) : [{ url, caption: alt }]);
  const [place, setPlace] = useState(() => at ?? Math.max(0, pictures.findIndex((/** @type {any} */ one) => (mediaId ? one.mediaId === mediaId : one.url === url))));
  const now = pictures[place] ?? { url, caption: alt };
  useEffect(() => {
    const key = (/** @type {KeyboardEvent} */ event) => {
      const by = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowLeft: -1 })[event.key];
      if (by) setPlace((/** @type {number} */ old) => Math.min(pictures.length - 1, Math.max(0, old + by)));
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [pictures.length]);
  return html`<${Dialog} title=${now.caption || t("type_image")} onClose=${onClose} class="viewer" footer=${html`
    <${IconButton} icon="arrow-left" label=${t("previous")} disabled=${place === 0} onClick=${() => setPlace(place - 1)} />
    <span class="faint">${place + 1} / ${Math.max(1, pictures.length)}</span>
    <${IconButton} icon="arrow-left" class="turned" label=${t("next")} disabled=${place >= pictures.length - 1} onClick=${() => setPlace(place + 1)} />
    <a class="button" href=${now.url} target="_blank" rel="noopener noreferrer" download=${now.filename ?? ""}><${Icon} name="download" size=${16} /> ${t("download")}</a>`}>
    <img class="viewer-image" src=${now.url} alt=${now.caption || alt} />
  </${Dialog}>`;
}
