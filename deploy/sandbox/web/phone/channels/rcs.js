// RCS: an agent's messages and what contacts write, as RCS Business Messaging has them.
import { storedId } from "./stored.js";

export function describe(entry) {
  const given = entry.message ?? {};
  const content = given.contentMessage ?? given;
  const parts = [];
  if (content.suggestionResponse) parts.push(...words(content.suggestionResponse.text));
  const text = typeof content.text === "string" ? content.text : content.text?.body;
  parts.push(...words(text));
  if (content.contentInfo) parts.push(media(content.contentInfo, "fileUrl", entry));
  if (content.userFile) parts.push(fromContact(content.userFile.payload ?? {}));
  if (content.uploadedRbmFile) parts.push(stored(entry));
  if (content.location) parts.push({ as: "location", ...content.location });
  const rich = content.richCard ?? {};
  if (rich.standaloneCard) parts.push({ as: "cards", cards: [card(rich.standaloneCard.cardContent, entry)] });
  if (rich.carouselCard) parts.push({ as: "cards", cards: rich.carouselCard.cardContents.map((one) => card(one, entry)) });
  return {
    parts: parts.length ? parts : [{ as: "note", text: "A message that cannot be shown" }],
    actions: (content.suggestions ?? []).map((one) => suggestion(one, entry)),
  };
}

const words = (text, tone) => (text ? [{ as: "text", text, tone, plain: true }] : []);

function stored(entry) {
  const [file] = entry.files ?? [];
  return { as: "file", kind: kindOf(file?.mimeType), id: file?.id, mimeType: file?.mimeType };
}

const kindOf = (type) => ({ image: "image", video: "video", audio: "audio" })[type?.split("/")[0]] ?? "document";
const fromContact = ({ fileUri, mimeType, fileName }) => ({ as: "file", kind: kindOf(mimeType), id: storedId(fileUri), link: fileUri, mimeType, name: fileName });

function media(info, name, entry) {
  const link = info[name];
  const kind = /\.(mp4|webm|3gp)/i.test(link ?? "") ? "video" : /\.(png|jpe?g|gif|webp)/i.test(link ?? "") ? "image" : null;
  const found = stored(entry);
  return { ...found, kind: found.id ? found.kind : kind ?? "document", link };
}

const card = (content = {}, entry) => ({
  parts: [
    ...(content.media?.contentInfo ? [media(content.media.contentInfo, "fileUrl", entry)] : []),
    ...words(content.title, "header"),
    ...words(content.description),
  ],
  actions: (content.suggestions ?? []).map((one) => suggestion(one, entry)),
});

function suggestion({ reply, action }, entry) {
  const { text = "", postbackData } = reply ?? action ?? {};
  const response = { text, postbackData, type: reply ? "REPLY" : "ACTION" };
  const send = { type: "suggestion", suggestion: response, context: { id: entry.id } };
  if (reply) return { does: "answer", label: text, send };
  if (action?.openUrlAction) return { does: "link", label: text, href: action.openUrlAction.url };
  if (action?.dialAction) return { does: "call", label: text, href: `tel:${action.dialAction.phoneNumber}` };
  if (action?.shareLocationAction) return { does: "compose", label: text, form: "location" };
  return { does: "answer", label: text, send };
}
