// A WhatsApp template as the contact sees it: its text with the parameters filled in, and its buttons.
import { file, flow, text } from "./whatsapp.js";

export function filled(content, entry, sender) {
  const template = sender?.templates?.find(
    (known) => known.name === content.name && (known.language ?? "en_US") === content.language?.code,
  );
  if (!template) {
    const values = (content.components ?? []).flatMap((component) => component.parameters ?? []).map(value);
    return { parts: [{ as: "note", text: `Template ${content.name}` }, ...text(values.filter(Boolean).join(", "))] };
  }
  const given = new Given(content.components ?? []);
  const parts = [];
  let actions = [];
  for (const component of template.components ?? []) {
    const kind = component.type?.toUpperCase();
    if (kind === "HEADER") parts.push(...header(component, given.of("header")));
    if (kind === "BODY") parts.push(...text(fill(component.text, given.of("body"))));
    if (kind === "FOOTER") parts.push(...text(component.text, "footer"));
    if (kind === "BUTTONS") actions = component.buttons.map((button, place) => action(button, given.button(place), entry));
    if (kind === "CAROUSEL") parts.push({ as: "cards", cards: cards(component, given, entry) });
  }
  return { parts, actions };
}

class Given {
  constructor(components) {
    this.components = components;
  }
  of(type) {
    return this.components.find((one) => one.type?.toLowerCase() === type)?.parameters ?? [];
  }
  button(place) {
    const found = this.components.find((one) => one.type?.toLowerCase() === "button" && Number(one.index) === place);
    return found?.parameters?.[0];
  }
  card(place) {
    const carousel = this.components.find((one) => one.type?.toLowerCase() === "carousel");
    return new Given(carousel?.cards?.find((card) => Number(card.card_index) === place)?.components ?? []);
  }
}

const value = (parameter) =>
  parameter.text ?? parameter.currency?.fallback_value ?? parameter.date_time?.fallback_value ?? parameter.coupon_code ?? "";

function fill(words = "", parameters) {
  return words.replace(/\{\{\s*(\w+)\s*\}\}/g, (mark, name) => {
    const named = parameters.find((parameter) => parameter.parameter_name === name);
    const found = named ?? parameters[Number(name) - 1];
    return found ? value(found) : mark;
  });
}

function header(component, parameters) {
  const format = component.format?.toUpperCase() ?? "TEXT";
  if (format === "TEXT") return text(fill(component.text, parameters), "header");
  const [given] = parameters;
  if (format === "LOCATION") return given?.location ? [{ as: "location", ...given.location }] : [];
  const kind = format === "GIF" ? "video" : format.toLowerCase();
  return [file(kind, given?.[given.type] ?? {})];
}

function action(button, given, entry) {
  const label = button.text ?? "Open";
  switch (button.type?.toUpperCase()) {
    case "QUICK_REPLY": {
      const content = { payload: given?.payload ?? label, text: label };
      return { does: "answer", label, send: { type: "button", button: content, context: { id: entry.id } } };
    }
    case "URL":
      return { does: "link", label, href: button.url?.replace(/\{\{\s*\w+\s*\}\}/, given?.text ?? "") };
    case "PHONE_NUMBER":
      return { does: "call", label, href: `tel:${button.phone_number}` };
    case "FLOW":
      return flow(entry, label, given?.action?.flow_token);
    case "COPY_CODE":
    case "OTP":
      return { does: "copy", label: button.text ?? "Copy code", value: given?.coupon_code ?? given?.text ?? code(entry) };
    default:
      return { does: "none", label };
  }
}

// A one-time password stands in the body too.
const code = (entry) =>
  entry.message.template?.components?.find((one) => one.type?.toLowerCase() === "body")?.parameters?.[0]?.text ?? "";

const cards = (component, given, entry) =>
  (component.cards ?? []).map((card, place) => {
    const filled = given.card(place);
    const one = { parts: [], actions: [] };
    for (const piece of card.components ?? []) {
      const kind = piece.type?.toUpperCase();
      if (kind === "HEADER") one.parts.push(...header(piece, filled.of("header")));
      if (kind === "BODY") one.parts.push(...text(fill(piece.text, filled.of("body"))));
      if (kind === "BUTTONS") one.actions = piece.buttons.map((button, at) => action(button, filled.button(at), entry));
    }
    return one;
  });
