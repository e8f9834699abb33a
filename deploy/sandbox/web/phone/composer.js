// Where the contact writes: words, emoji, and the plus for everything else.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../base/html.js";
import { Icon } from "../base/icons.js";
import { Attach, Compose } from "./attach.js";
import { kindOf } from "./files.js";
import { speak, store } from "./state.js";
import { summary } from "./thread.js";

const FACES = [..."😀😄😅😂🙂😉😊😍😘😎🤔😐😴😢😭😡👍👎👋🙏👏💪🎉🔥✨⭐🌸🍰☕🚀✅❌".matchAll(/\p{Extended_Pictographic}/gu)].map(([face]) => face);
const drafts = new Map();

export function Composer({ chat, channel, sender }) {
  const about = store.use((state) => state.about);
  const asked = store.use((state) => state.compose);
  const [picking, setPicking] = useState(null);
  const key = `${store.get().me} ${chat.channel} ${chat.with}`;
  const [words, setWords] = useState(drafts.get(key) ?? "");
  const [faces, setFaces] = useState(false);
  const box = useRef(null);
  useEffect(() => void drafts.set(key, words), [key, words]);
  useEffect(() => {
    if (about?.does === "edit") setWords(about.words);
    if (about) box.current?.focus();
  }, [about]);
  useEffect(() => {
    if (asked) setPicking({ kind: asked.form, context: asked.context });
  }, [asked]);
  useLayoutEffect(() => {
    box.current.style.height = "auto";
    box.current.style.height = `${Math.min(box.current.scrollHeight, 140)}px`;
  }, [words]);
  const context = about?.does === "reply" ? { id: about.entry.id } : undefined;
  const done = () => store.set({ about: null });
  const send = async (event) => {
    event?.preventDefault();
    const body = words.trim();
    if (!body) return;
    const edit = { original_message_id: about?.entry.id, message: { type: "text", text: { body } } };
    const message = about?.does === "edit" ? { type: "edit", edit } : { type: "text", text: { body }, ...(context && { context }) };
    setWords("");
    box.current.focus();
    if (await speak(chat, message)) done();
    else setWords((now) => now || words);
  };
  const keys = (event) => {
    if (event.key === "Escape" && about) {
      setWords(about.does === "edit" ? "" : words);
      done();
    }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
  };
  const files = (list) => {
    const file = list?.[0];
    if (file) setPicking({ kind: kindOf(file, channel.types), file, context });
    return Boolean(file);
  };
  const close = () => {
    setPicking(null);
    store.set({ compose: null });
    done();
  };
  if (sender.oneWay) return html`<p class="one-way">Nobody can answer ${sender.name}: it is a name, not a number.</p>`;
  return html`<form class="composer" onSubmit=${send} onDragOver=${(event) => event.preventDefault()}
    onDrop=${(event) => files(event.dataTransfer.files) && event.preventDefault()}>
    ${about && html`<${About} about=${about} done=${done} />`}
    ${faces && html`<div class="faces" role="group" aria-label="Emoji">${FACES.map((face) => html`<button type="button" onClick=${() => (setWords(words + face), box.current.focus())}>${face}</button>`)}</div>`}
    <div class="write">
      <button type="button" class="icon" aria-label="Send something else" title="Send something else" onClick=${() => setPicking({ kind: null })}><${Icon} name="plus" /></button>
      <div class="box"><textarea ref=${box} rows="1" maxlength="4096" aria-label="Message" placeholder="Message" dir="auto" value=${words}
        onInput=${(event) => setWords(event.target.value)} onKeyDown=${keys}
        onPaste=${(event) => files(event.clipboardData.files) && event.preventDefault()}></textarea>
      <button type="button" class="icon" aria-label="Emoji" title="Emoji" aria-expanded=${faces} onClick=${() => setFaces(!faces)}><${Icon} name="smile" /></button></div>
      <button type="submit" class="icon send" aria-label="Send" title="Send" disabled=${!words.trim()}><${Icon} name="send" /></button>
    </div>
    ${picking && !picking.kind && html`<${Attach} channel=${channel} pick=${(kind) => setPicking({ kind, context })} close=${close} />`}
    ${picking?.kind && html`<${Compose} key=${picking.kind} kind=${picking.kind} given=${picking.file} chat=${chat} context=${picking.context} close=${close} />`}
  </form>`;
}

const About = ({ about, done }) => html`<div class="about"><${Icon} name=${about.does} />
  <span dir="auto"><b>${about.does === "edit" ? "Edit" : "Reply to"}</b> ${summary(about.said)}</span>
  <button type="button" class="icon" aria-label=${about.does === "edit" ? "Do not edit" : "Do not quote"} onClick=${done}><${Icon} name="close" /></button></div>`;
