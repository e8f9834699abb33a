// The accounts that the sandbox plays, as JSON: change a field of one, or add one.
import { call } from "../base/api.js";
import { useFetched } from "../base/fetched.js";
import { html, useState } from "../base/html.js";
import { store } from "./state.js";

export function Accounts() {
  const { channels, beat } = store.use((state) => state);
  const kinds = channels.filter((channel) => channel.accounts);
  return html`<div class="stack">
    <p class="faint">With their secrets: these open nothing but this sandbox.</p>
    ${kinds.map((channel) => html`<${Kind} key=${channel.channel} channel=${channel} beat=${beat} />`)}
  </div>`;
}

function Kind({ channel, beat }) {
  const { path, id, with: common = {} } = channel.accounts;
  const [found, again] = useFetched(path, beat);
  const list = Object.values(found ?? {}).find(Array.isArray) ?? [];
  // A list may hold those of other channels too.
  const own = list.filter((account) => Object.keys(common).every((key) => account[key] === common[key]));
  return html`<h2>${channel.name}</h2>
    ${own.map((account) => html`<${Account} key=${account[id]} name=${account.name || account.friendlyName || account[id]} about=${account[id]} given=${account}
      save=${(changed) => call("PATCH", `${path}/${encodeURIComponent(account[id])}`, changed).then(again)} />`)}
    <${Account} name="Another account" given=${{ [id]: "", ...common }} save=${(made) => call("POST", path, made).then(again)} />`;
}

function Account({ name, about, given, save }) {
  const [said, setSaid] = useState(null);
  const submit = async (event) => {
    event.preventDefault();
    try {
      await save(JSON.parse(new FormData(event.target).get("json")));
      setSaid({ good: true, words: "Saved." });
    } catch (error) {
      setSaid({ words: error.message });
    }
  };
  const json = JSON.stringify(given, null, 2);
  return html`<details class="another"><summary dir="auto">${name} ${about && html`<small>${about}</small>`}</summary>
    <form class="fields" onSubmit=${submit}><label>As JSON<textarea class="code" name="json" rows=${Math.min(18, json.split("\n").length + 2)} spellcheck=${false} key=${json} defaultValue=${json}></textarea></label>
    ${said && html`<p class=${said.good ? "faint" : "bad"} role=${said.good ? "status" : "alert"}>${said.words}</p>`}
    <button class="main" type="submit">Save</button></form></details>`;
}
