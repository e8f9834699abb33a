// WhatsApp's messages, of both directions, as the parts of a bubble. Shapes: the Cloud API's messages and webhooks.
import { filled } from "./template.js";

const answer = (entry, type, content) => ({ type, [type]: content, context: { id: entry.id } });
const choice = (entry, kind, content) => answer(entry, "interactive", { type: kind, [kind]: content });

export function describe(entry, sender) {
  const { type, message } = entry;
  const content = message[type] ?? {};
  const quote = message.context?.id ?? message.context?.message_id ?? null;
  const about = { quote, forwarded: Boolean(message.context?.forwarded), referral: message.referral };
  if (type === "reaction") return { mark: "reaction", target: content.message_id, emoji: content.emoji ?? "" };
  if (type === "edit") {
    const { message: better = {}, original_message_id: target } = content;
    return { mark: "edit", target, ...describe({ ...entry, type: better.type ?? "text", message: better }, sender) };
  }
  if (type === "revoke") return { mark: "revoke", target: content.original_message_id };
  if (type === "system") return { mark: "system", text: content.body ?? "Something changed." };
  return { ...about, ...body(type, content, entry, sender) };
}

function body(type, content, entry, sender) {
  const media = ["image", "video", "audio", "document", "sticker"];
  if (type === "text") return { parts: [{ as: "text", text: content.body ?? "" }] };
  if (media.includes(type)) return { parts: [file(type, content, entry), ...text(content.caption)] };
  if (type === "location") return { parts: [{ as: "location", ...content }] };
  if (type === "contacts") return { parts: [{ as: "contacts", people: people(content) }] };
  if (type === "order") return { parts: [order(content)] };
  if (type === "button") return { parts: [{ as: "text", text: content.text ?? content.payload ?? "" }] };
  if (type === "template") return filled(content, entry, sender);
  if (type === "interactive") return interactive(content, entry);
  const reason = entry.message.errors?.[0]?.title;
  return { parts: [{ as: "note", text: `A message of a type that is not supported (${reason ?? type})` }] };
}

export const text = (words, tone) => (words ? [{ as: "text", text: words, tone }] : []);

export const file = (kind, content, entry) => ({
  as: "file",
  kind: content.voice ? "voice" : kind,
  id: content.id ?? entry?.files?.[0]?.id,
  link: content.link,
  name: content.filename,
  mimeType: content.mime_type ?? entry?.files?.[0]?.mimeType,
});

const people = (content) =>
  (Array.isArray(content) ? content : []).map((person) => ({
    name: person.name?.formatted_name ?? "Unnamed",
    about: [person.org?.title, person.org?.company].filter(Boolean).join(", "),
    lines: [
      ...(person.phones ?? []).map((phone) => phone.phone ?? phone.wa_id),
      ...(person.emails ?? []).map((email) => email.email),
      ...(person.urls ?? []).map((url) => url.url),
    ].filter(Boolean),
  }));

const order = (content) => ({
  as: "order",
  text: content.text,
  items: (content.product_items ?? []).map((item) => ({
    name: item.product_retailer_id,
    count: item.quantity,
    price: item.item_price,
    currency: item.currency,
  })),
});

export function header(given) {
  if (!given) return [];
  if (given.type === "text") return text(given.text, "header");
  return given.type ? [file(given.type, given[given.type] ?? {})] : [];
}

function interactive(content, entry) {
  const reply = content.button_reply ?? content.list_reply;
  if (reply) return { parts: [...text(reply.title), ...text(reply.description, "footer")] };
  if (content.nfm_reply) return { parts: [...text("Form filled in", "header"), { as: "answers", json: content.nfm_reply.response_json }] };
  if (content.call_permission_reply) return { parts: text(`Calls: ${content.call_permission_reply.response}`) };
  const parts = [...header(content.header), ...text(content.body?.text), ...text(content.footer?.text, "footer")];
  const cards = content.action?.cards?.map((card) => ({
    parts: [...header(card.header), ...text(card.body?.text)],
    actions: actions(card, entry),
  }));
  return { parts: cards ? [...parts, { as: "cards", cards }] : parts, actions: actions(content, entry) };
}

function actions(content, entry) {
  const { action = {} } = content;
  const parameters = action.parameters ?? {};
  const buttons = (action.buttons ?? []).filter((button) => button.reply ?? button.quick_reply).map((button) => {
    const { id, title } = button.reply ?? button.quick_reply;
    return { does: "answer", label: title, send: choice(entry, "button_reply", { id, title }) };
  });
  if (buttons.length) return buttons;
  if (content.type === "list") {
    const sections = (action.sections ?? []).map((section) => ({
      title: section.title,
      rows: (section.rows ?? []).map((row) => ({ ...row, send: choice(entry, "list_reply", row) })),
    }));
    return [{ does: "list", label: action.button ?? "Choose", sections }];
  }
  if (content.type === "cta_url" || action.name === "cta_url") {
    return [{ does: "link", label: parameters.display_text ?? "Open", href: parameters.url }];
  }
  if (content.type === "location_request_message") {
    return [{ does: "compose", label: "Send location", form: "location", context: { id: entry.id } }];
  }
  if (content.type === "flow") return [flow(entry, parameters.flow_cta, parameters.flow_token)];
  if (["product", "product_list", "catalog_message"].includes(content.type)) return [products(content, entry)];
  return [];
}

// A form's answer, as the phone sends it: what was filled in, with the token by which the business knows it.
export const flow = (entry, label, token) => ({
  does: "form",
  label: label ?? "Fill in",
  send: (answers) =>
    choice(entry, "nfm_reply", {
      name: "flow",
      body: "Sent",
      response_json: JSON.stringify({ flow_token: token ?? "unused", ...answers }),
    }),
});

function products(content, entry) {
  const { action } = content;
  const listed = (action.sections ?? []).flatMap((section) => section.product_items ?? []);
  const ids = [action.product_retailer_id, ...listed.map((item) => item.product_retailer_id)].filter(Boolean);
  const items = (ids.length ? ids : ["sample-1"]).map((id) => ({
    product_retailer_id: id,
    quantity: 1,
    item_price: 9.5,
    currency: "EUR",
  }));
  return {
    does: "answer",
    label: items.length > 1 ? `Order ${items.length} products` : "Order this",
    send: answer(entry, "order", { catalog_id: action.catalog_id ?? "1", text: "", product_items: items }),
  };
}
