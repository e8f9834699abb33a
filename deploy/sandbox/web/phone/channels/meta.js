// Messenger and Instagram: the Send API's messages, and what contacts write as their webhooks have it.
import { storedId } from "./stored.js";

const KINDS = { image: "image", video: "video", audio: "audio", file: "document", ig_reel: "video", reel: "video", share: "image", story_mention: "image" };

export function describe(entry) {
  const given = entry.message ?? {};
  const message = given.message ?? given;
  const said = given.reaction ?? message.reaction ?? (/react$/.test(given.sender_action) ? given.payload : null);
  if (said && typeof said === "object") {
    return { mark: "reaction", target: said.mid ?? said.message_id, emoji: said.action === "unreact" || given.sender_action === "unreact" ? "" : emoji(said) };
  }
  if (given.postback) return { parts: words(given.postback.title ?? given.postback.payload) };
  if (message.is_deleted) return { mark: "revoke", target: message.mid };
  if (given.message_edit) return { mark: "edit", target: given.message_edit.mid, parts: words(given.message_edit.text) };
  const attachments = message.attachments ?? (message.attachment ? [message.attachment] : []);
  const shown = attachments.map((attachment, place) => attach(attachment, entry, place));
  const text = typeof message.text === "string" ? message.text : message.text?.body;
  const parts = [...shown.flatMap((one) => one.parts), ...words(text)];
  return {
    quote: given.reply_to?.mid ?? message.reply_to?.mid ?? message.context?.id ?? null,
    referral: given.referral ?? message.referral,
    parts: [...story(message.reply_to?.story), ...(parts.length ? parts : [{ as: "note", text: given.referral ? "Came from an ad" : "A message that cannot be shown" }])],
    actions: [...shown.flatMap((one) => one.actions ?? []), ...quickReplies(message.quick_replies ?? [])],
  };
}

const NAMES = { love: "❤️", like: "👍", dislike: "👎", smile: "😆", wow: "😮", sad: "😢", angry: "😠" };
const emoji = (reaction) => reaction.emoji ?? NAMES[reaction.reaction] ?? "";
const words = (text, tone) => (text ? [{ as: "text", text, tone, plain: true }] : []);

const story = (given) => (given ? [{ as: "note", text: "In answer to a story" }] : []);

function attach(attachment, entry, place) {
  const { type, payload = {} } = attachment;
  if (type === "template") return template(payload);
  if (type === "location") {
    return { parts: [{ as: "location", latitude: payload.coordinates?.lat, longitude: payload.coordinates?.long }] };
  }
  const stored = entry.files?.[place];
  const file = { as: "file", kind: KINDS[type] ?? "document", id: stored?.id ?? storedId(payload.url), mimeType: stored?.mimeType };
  return { parts: [{ ...file, link: payload.url ?? attachment.url }] };
}

function template(payload) {
  const elements = payload.elements ?? [];
  const card = (element) => ({
    parts: [
      ...(element.image_url || element.url
        ? [{ as: "file", kind: element.media_type ?? "image", link: element.image_url ?? element.url }]
        : []),
      ...words(element.title, "header"),
      ...words(element.subtitle, "footer"),
    ],
    actions: buttons(element.buttons ?? []),
  });
  if (elements.length) return { parts: [{ as: "cards", cards: elements.map(card) }] };
  return { parts: words(payload.text ?? payload.title), actions: buttons(payload.buttons ?? []) };
}

const buttons = (list) =>
  list.map((button) => {
    if (button.type === "web_url") return { does: "link", label: button.title ?? "Open", href: button.url };
    if (button.type === "phone_number") return { does: "call", label: button.title, href: `tel:${button.payload}` };
    const postback = { title: button.title, payload: button.payload };
    return { does: "answer", label: button.title, send: { type: "postback", postback } };
  });

const quickReplies = (list) =>
  list.map((reply) => {
    const title = reply.title ?? { user_phone_number: "Send my number", user_email: "Send my email" }[reply.content_type] ?? "Reply";
    const content = { title, text: title, payload: reply.payload ?? title };
    return { does: "answer", label: title, once: true, send: { type: "quick_reply", quick_reply: content } };
  });
