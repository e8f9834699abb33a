// What shall go wrong with email.
import { call } from "../base/api.js";
import { useFetched } from "../base/fetched.js";
import { html, useState } from "../base/html.js";
import { Switch } from "../base/tabs.js";
import { same } from "../phone/presets.js";

const PRESETS = [
  { label: "Slow", hint: "The recipient is answered after 3 seconds", fault: { delayMs: 3000 } },
  { label: "Try again later", hint: "Recipients are refused with 451", fault: { refuse: { code: 451 } } },
  { label: "No such mailbox", hint: "Recipients are refused with 550", fault: { refuse: { code: 550 } } },
  { label: "Answer held", hint: "Kept, the answer comes after a minute", fault: { holdMs: 60000 } },
];

export function MailFaults({ beat }) {
  const [found, again] = useFetched("/mail/faults", beat);
  const [wrong, setWrong] = useState("");
  const rules = found?.faults ?? [];
  const run = (work) => work.then(() => setWrong(""), (error) => setWrong(error.message)).then(again);
  const is = (rule, preset) => !rule.times && !rule.recipient && same(rule.fault, preset.fault);
  // They can only be removed together, so what stays is set again.
  const turn = (preset, on) =>
    run(on ? call("POST", "/mail/faults", { fault: preset.fault }) : rest(rules.filter((rule) => !is(rule, preset))));
  const add = (event) => {
    event.preventDefault();
    const { recipient, times, code, text } = Object.fromEntries(new FormData(event.target));
    const rule = { fault: { refuse: { code: Number(code), ...(text && { text }) } }, ...(recipient && { recipient }), ...(times && { times: Number(times) }) };
    run(call("POST", "/mail/faults", rule));
  };
  return html`<div class="stack">${wrong && html`<p class="bad" role="alert">${wrong}</p>`}
    <div class="line-head"><span class="faint">${rules.length ? `${rules.length} in force` : "Nothing goes wrong now."}</span>
      ${rules.length > 0 && html`<button type="button" class="small" onClick=${() => run(rest([]))}>Remove all</button>`}</div>
    ${PRESETS.map((preset) => html`<${Switch} key=${preset.label} ...${preset} on=${rules.some((rule) => is(rule, preset))} change=${(on) => turn(preset, on)} />`)}
    <details class="another"><summary>Refuse one recipient</summary><form class="fields" onSubmit=${add}>
      <label>Recipient<input name="recipient" type="email" autocomplete="off" /></label>
      <label>How many times (empty: until removed)<input name="times" pattern="[1-9][0-9]*" autocomplete="off" /></label>
      <label>Reply code<input name="code" defaultValue="550" pattern="[45][0-9][0-9]" required /></label>
      <label>Reply text<input name="text" autocomplete="off" /></label>
      <button class="main" type="submit">Add</button></form></details></div>`;
}

async function rest(rules) {
  await call("DELETE", "/mail/faults");
  for (const rule of rules) await call("POST", "/mail/faults", rule);
}
