// A place or a contact card to send.
import { html, useState } from "../lib.js";
import { t } from "../i18n.js";
import { submit } from "../store/outbox.js";
import { Dialog } from "../ui/dialog.js";
import { Field } from "./field.js";

/** @param {any} props */
export default function Card({ one, body, kind, onClose }) {
  const [values, setValues] = useState(/** @type {Record<string, string>} */ ({}));
  const field = (/** @type {string} */ name, /** @type {any} */ more = {}) => html`<${Field} label=${t(`card_${name}`)} value=${values[name] ?? ""} onInput=${(/** @type {string} */ text) => setValues({ ...values, [name]: text })} ...${more} />`;
  const place = kind === "location";
  const [latitude, longitude] = [Number(values.latitude), Number(values.longitude)];
  const good = place ? Boolean(values.latitude && values.longitude) && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 : Boolean(values.person?.trim() && values.phone?.trim());
  const send = () => {
    const content = place
      ? { type: "location", latitude, longitude, ...(values.place && { name: values.place }), ...(values.address && { address: values.address }) }
      : { type: "contacts", contacts: [{ name: { formattedName: values.person.trim(), firstName: values.person.trim() }, phones: [{ phone: values.phone.trim(), type: "CELL" }], ...(values.email?.trim() ? { emails: [{ email: values.email.trim(), type: "WORK" }] } : {}) }] };
    submit(one.id, body(content));
    onClose();
  };
  return html`<${Dialog} title=${t(place ? "send_location" : "send_contact")} onClose=${onClose} class="narrow" footer=${html`<button type="button" class="button" onClick=${onClose}>${t("cancel")}</button><button type="button" class="button primary" disabled=${!good} onClick=${send}>${t("send")}</button>`}>
    <div class="form">${place ? html`${field("place", { autofocus: true })}${field("address")}<div class="form-row">${field("latitude", { inputmode: "decimal" })}${field("longitude", { inputmode: "decimal" })}</div>` : html`${field("person", { autofocus: true })}${field("phone", { type: "tel" })}${field("email", { type: "email" })}`}</div>
  </${Dialog}>`;
}
