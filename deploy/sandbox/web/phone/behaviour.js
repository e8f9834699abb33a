// How the sandbox behaves: every setting it has, changed at once.
import { call } from "../base/api.js";
import { useFetched } from "../base/fetched.js";
import { html, useState } from "../base/html.js";
import { Switch } from "../base/tabs.js";
import { setReads, store } from "./state.js";

const LABELS = {
  answerMs: "Answers take (ms)",
  statusMs: "Between statuses (ms)",
  statusSpreadMs: "Random addition (ms)",
  read: "Contacts read what they get",
  batch: "Updates in a webhook POST",
  batchMs: "A POST waits for more (ms)",
  webhookConcurrency: "POSTs at once per account",
  webhookRetry: "Repeats of webhooks",
  initialMs: "First pause (ms)",
  maxMs: "Longest pause (ms)",
  timeoutMs: "Longest POST (ms)",
  pacing: "Enforce the providers' rates",
  throughput: "Messages a second",
  textThroughput: "Segments of texts a second",
  pairIntervalMs: "One message to a contact per (ms)",
  pairBurst: "Burst to a contact",
  window: "Enforce the reply window",
  windowSeconds: "Reply window (s)",
  recipientFaults: "Faults by a number's last digits",
  chatHistory: "Messages kept of a chat",
  fetchLinks: "Fetch linked files of this machine",
};

export function Behaviour() {
  const { beat, reads } = store.use((state) => state);
  const [settings, again] = useFetched("/control/settings", beat);
  const [wrong, setWrong] = useState("");
  const change = (patch) => call("PATCH", "/control/settings", patch).then(() => setWrong(""), (error) => setWrong(error.message)).then(again);
  return html`<div class="stack">
    ${wrong && html`<p class="bad" role="alert">${wrong}</p>`}
    <${Switch} label="An open chat is read by itself" hint="On this phone" on=${reads} change=${setReads} />
    <h2>The sandbox</h2>
    ${settings && html`<${Settings} settings=${settings} change=${change} />`}
  </div>`;
}

const label = (name) => LABELS[name] ?? name.replace(/([A-Z])/g, " $1").toLowerCase();

// A field keeps what is being typed when something else changes meanwhile.
const Settings = ({ settings, change }) => Object.entries(settings).map(([name, value]) => {
  if (typeof value === "boolean") return html`<${Switch} key=${name} label=${label(name)} on=${value} change=${(on) => change({ [name]: on })} />`;
  if (value && typeof value === "object") return html`<fieldset key=${name}><legend>${label(name)}</legend><${Settings} settings=${value} change=${(patch) => change({ [name]: patch })} /></fieldset>`;
  return html`<label class="setting" key=${name}><span>${label(name)}</span><input key=${value} inputmode="numeric" defaultValue=${value} onChange=${(event) => change({ [name]: Number(event.target.value) })} /></label>`;
});
