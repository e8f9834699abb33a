// The sheets behind the plus: what to send, and its fields or its file.
import { html, useEffect, useState } from "../base/html.js";
import { Icon } from "../base/icons.js";
import { Sheet } from "../base/sheet.js";
import { SAMPLES, message, sample } from "./files.js";
import { KINDS, kindsOf } from "./kinds.js";
import { holder, speak } from "./state.js";

export const Attach = ({ channel, pick, close }) => html`<${Sheet} title="Send" close=${close}><div class="tiles">
  ${kindsOf(channel).map((kind) => html`<button type="button" class="tile" key=${kind} onClick=${() => pick(kind)}>
    <span class="disc"><${Icon} name=${KINDS[kind].icon} /></span>${KINDS[kind].label}</button>`)}</div><//>`;

export function Compose({ kind, given, chat, context, close }) {
  const { label, file } = KINDS[kind];
  return html`<${Sheet} title=${label} close=${close}>${
    file
      ? html`<${Media} kind=${kind} given=${given} chat=${chat} context=${context} close=${close} />`
      : html`<${Fields} kind=${kind} chat=${chat} context=${context} close=${close} />`
  }<//>`;
}

function Fields({ kind, chat, context, close }) {
  const { fields, make, hint } = KINDS[kind];
  const [wrong, setWrong] = useState("");
  const submit = async (event) => {
    event.preventDefault();
    try {
      const made = make(Object.fromEntries(new FormData(event.target)), holder());
      if (await speak(chat, { ...(context && { context }), ...made })) return close();
      setWrong("The sandbox did not take it.");
    } catch (error) {
      setWrong(error.message);
    }
    return undefined;
  };
  return html`<form class="fields" onSubmit=${submit}>
    ${hint && html`<p class="faint">${hint}</p>`}
    ${fields.map((field) => html`<label key=${field.name}>${field.label}<${Field} ...${field} /></label>`)}
    ${wrong && html`<p class="bad" role="alert">${wrong}</p>`}
    <button class="main" type="submit">Send</button></form>`;
}

function Field({ name, value, pattern, need, options, rows }) {
  if (options) return html`<select name=${name}>${options.map((option) => html`<option selected=${option === value}>${option}</option>`)}</select>`;
  if (rows) return html`<textarea name=${name} rows=${rows} class="code" spellcheck=${false} required=${need}>${value}</textarea>`;
  return html`<input name=${name} defaultValue=${value} pattern=${pattern} required=${need} autocomplete="off" dir="auto" />`;
}

function Media({ kind, given, chat, context, close }) {
  const [file, setFile] = useState(given ?? null);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const url = usePreview(file);
  useEffect(() => {
    if (!given) sample(kind).then((found) => setFile((chosen) => chosen ?? found), (error) => setWrong(error.message));
  }, []);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const made = await message(kind, file, new FormData(event.target).get("caption"));
      if (await speak(chat, { ...(context && { context }), ...made })) return close();
      setWrong("The sandbox did not take it.");
    } catch (error) {
      setWrong(error.message);
    }
    return setBusy(false);
  };
  return html`<form class="fields" onSubmit=${submit}>
    <div class="preview">${file && html`<${Preview} kind=${kind} file=${file} url=${url} />`}</div>
    <p class="faint" dir="auto">${file ? `${file.name}, ${size(file.size)}` : "Choose a file"}</p>
    <label class="choose">Another file<input type="file" accept=${SAMPLES[kind].accept} onChange=${(event) => event.target.files[0] && setFile(event.target.files[0])} /></label>
    ${!KINDS[kind].captionless && html`<label>Caption<input name="caption" autocomplete="off" maxlength="1024" dir="auto" /></label>`}
    ${wrong && html`<p class="bad" role="alert">${wrong}</p>`}
    <button class="main" type="submit" disabled=${!file || busy}>${busy ? "Sending…" : "Send"}</button></form>`;
}

function usePreview(file) {
  const [url, setUrl] = useState("");
  useEffect(() => {
    if (!file) return undefined;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return url;
}

function Preview({ kind, file, url }) {
  if (!url) return null;
  if (file.type.startsWith("image/")) return html`<img src=${url} alt=${file.name} />`;
  if (kind === "video") return html`<video src=${url} controls aria-label=${file.name}></video>`;
  if (kind === "audio" || kind === "voice") return html`<audio src=${url} controls aria-label=${file.name}></audio>`;
  return html`<${Icon} name="document" />`;
}

const size = (bytes) => (bytes < 1 << 20 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / (1 << 20)).toFixed(1)} MB`);
