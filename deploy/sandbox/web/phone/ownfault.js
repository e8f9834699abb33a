// Any fault the sandbox knows, put together by hand.
import { html } from "../base/html.js";

const STATUSES = ["sent", "delivered", "read", "failed"];

export function OwnFault({ scope, add }) {
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    add({ ...scope, ...some({ times: number(form, "times") }), fault: fault(form) });
  };
  return html`<details class="another"><summary>Another fault</summary><form class="fields" onSubmit=${submit}>
    <${Number} name="times" label="How many times (empty: until removed)" />
    <${Number} name="delayMs" label="Milliseconds before deciding" />
    <fieldset><legend>Refuse</legend>
      <${Number} name="httpStatus" label="HTTP status (400 to 599)" /><${Number} name="code" label="Provider's code" />
      <${Number} name="subcode" label="Subcode" /><${Number} name="retryAfter" label="Retry-After in seconds" />
      <label>Error text<input name="message" autocomplete="off" /></label>
      <label class="check"><input type="checkbox" name="isTransient" /> Said to pass</label></fieldset>
    <label>Connection<select name="drop"><option value="">stays</option><option value="beforeAccept">cut before acceptance</option><option value="afterAccept">cut after acceptance</option></select></label>
    <${Number} name="holdMs" label="Milliseconds to hold the answer back" />
    <fieldset><legend>Statuses</legend>
      <${Number} name="failCode" label="Fail with code" /><${Number} name="statusDelay" label="Milliseconds late" /><${Number} name="duplicate" label="Extra copies" />
      <label class="check"><input type="checkbox" name="reorder" /> In reverse</label>
      <label class="check"><input type="checkbox" name="dropCorrelation" /> Without the business's reference</label>
      ${STATUSES.map((status) => html`<label class="check"><input type="checkbox" name="suppress" value=${status} /> No ${status}</label>`)}</fieldset>
    <fieldset><legend>Calls about files</legend>
      <label>Call<select name="mediaOn"><option value="">none</option><option value="lookUp">look-up</option><option value="download">download</option></select></label>
      <${Number} name="mediaDelay" label="Milliseconds slower" /><${Number} name="mediaStatus" label="HTTP status" />
      <label class="check"><input type="checkbox" name="mediaCut" /> Cut</label></fieldset>
    <button class="main" type="submit">Add</button></form></details>`;
}

const Number = ({ name, label }) => html`<label>${label}<input name=${name} inputmode="numeric" pattern="[0-9]*" autocomplete="off" /></label>`;

const number = (form, name) => (form.get(name) ? parseInt(form.get(name), 10) : undefined);
const some = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== false && value !== ""));
const unless = (fields) => (Object.keys(fields).length ? fields : undefined);

function fault(form) {
  const on = (name) => form.has(name);
  const httpStatus = number(form, "httpStatus");
  const suppress = form.getAll("suppress");
  const status = some({
    failCode: number(form, "failCode"),
    delayMs: number(form, "statusDelay"),
    duplicate: number(form, "duplicate"),
    reorder: on("reorder"),
    dropCorrelation: on("dropCorrelation"),
    suppress: suppress.length ? suppress : undefined,
  });
  const refuse = httpStatus && some({
    httpStatus,
    code: number(form, "code") ?? 0,
    subcode: number(form, "subcode"),
    retryAfter: number(form, "retryAfter"),
    message: form.get("message"),
    isTransient: on("isTransient"),
  });
  const call = form.get("mediaOn");
  const media = call && some({ on: call, delayMs: number(form, "mediaDelay"), httpStatus: number(form, "mediaStatus"), cut: on("mediaCut") });
  return some({ delayMs: number(form, "delayMs"), refuse, drop: form.get("drop"), holdMs: number(form, "holdMs"), status: unless(status), media });
}
