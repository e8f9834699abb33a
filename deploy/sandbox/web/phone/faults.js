// The switches of what goes wrong, the rules in force, and answers being held.
import { call } from "../base/api.js";
import { useFetched } from "../base/fetched.js";
import { html, useState } from "../base/html.js";
import { Icon } from "../base/icons.js";
import { Switch } from "../base/tabs.js";
import { OwnFault } from "./ownfault.js";
import { presets, same, words } from "./presets.js";
import { ends, holder, store } from "./state.js";

export function Faults() {
  const { beat, open, me } = store.use((state) => state);
  const [found, again] = useFetched("/control/faults", beat);
  const [only, setOnly] = useState({ recipient: false, sender: false });
  const [wrong, setWrong] = useState("");
  const { sender, channel } = open ? ends(store.get(), open) : {};
  const rules = found?.faults ?? [];
  const scope = { ...(only.recipient && { recipient: me }), ...(only.sender && open && { sender: open.with }) };
  const run = (work) => work.then(() => setWrong(""), (error) => setWrong(error.message)).then(again);
  const add = (rule) => run(call("POST", "/control/faults", rule));
  const drop = (id) => run(call("DELETE", id ? `/control/faults/${id}` : "/control/faults"));
  const matches = (rule, preset) =>
    !rule.times && same(rule.fault, preset.fault) && (preset.everywhere || (rule.recipient === scope.recipient && rule.sender === scope.sender));
  const turn = (preset, on) => {
    if (on) return add({ fault: preset.fault, ...(!preset.everywhere && scope) });
    return Promise.all(rules.filter((rule) => matches(rule, preset)).map((rule) => drop(rule.id)));
  };
  return html`<div class="stack">
    ${wrong && html`<p class="bad" role="alert">${wrong}</p>`}
    <fieldset class="scope"><legend>For whom</legend>
      <label><input type="checkbox" checked=${only.recipient} onChange=${() => setOnly({ ...only, recipient: !only.recipient })} /> Only messages to <span dir="auto">${holder().name}</span></label>
      ${open && html`<label><input type="checkbox" checked=${only.sender} onChange=${() => setOnly({ ...only, sender: !only.sender })} />
        Only from <span dir="auto">${sender.name}</span> (${channel.name})</label>`}
    </fieldset>
    <${Rules} rules=${rules} drop=${drop} />
    <${Held} beat=${beat} />
    ${presets(open?.channel).map((preset) => preset.group
      ? html`<h2>${preset.group}</h2>`
      : html`<${Switch} key=${preset.label} label=${preset.label} hint=${preset.hint} on=${rules.some((rule) => matches(rule, preset))} change=${(on) => turn(preset, on)} />`)}
    <${OwnFault} scope=${scope} add=${add} />
  </div>`;
}

function Rules({ rules, drop }) {
  if (!rules.length) return html`<p class="faint">Nothing goes wrong now.</p>`;
  return html`<div class="rules"><div class="line-head"><h2>In force</h2><button type="button" class="small" onClick=${() => drop()}>Remove all</button></div>
    <ul>${rules.map((rule) => html`<li key=${rule.id}><span>${words(rule.fault)}
      <small>${[rule.recipient ? `to ${rule.recipient}` : "to everybody", rule.sender && `from ${rule.sender}`, rule.times ? `${rule.times} more` : "until removed"].filter(Boolean).join(", ")}</small></span>
      <button type="button" class="icon" aria-label=${`Remove: ${words(rule.fault)}`} onClick=${() => drop(rule.id)}><${Icon} name="close" /></button></li>`)}</ul></div>`;
}

function Held({ beat }) {
  const [found, again] = useFetched("/control/held", beat);
  if (!found?.held.length) return null;
  return html`<div class="rules"><div class="line-head"><h2>Answers held: ${found.held.length}</h2>
    <button type="button" class="small" onClick=${() => call("DELETE", "/control/held").then(again)}>Let them go</button></div>
    <ul>${found.held.map((one) => html`<li key=${one.n}><span>to ${one.recipient}<small>from ${one.sender}, for ${Math.round(one.sinceMs / 1000)} s</small></span></li>`)}</ul></div>`;
}
