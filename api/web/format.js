// Times, sizes, names and links, as the viewer reads them.
import { language, t } from "./i18n.js";

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {Intl.DateTimeFormatOptions} options */
function format(options) {
  const name = language.value + JSON.stringify(options);
  const made = formats.get(name) ?? new Intl.DateTimeFormat(language.value === "en" ? navigator.languages.find((one) => one.startsWith("en")) : language.value, options);
  formats.set(name, made);
  return made;
}

/** @param {string | number | Date} time */
export const clock = (time) => format({ hour: "numeric", minute: "2-digit" }).format(new Date(time));
/** @param {string} time */
export const full = (time) => format({ dateStyle: "medium", timeStyle: "medium" }).format(new Date(time));
/** @param {string} time */
export const date = (time) => format({ dateStyle: "medium" }).format(new Date(time));
/** @param {string} time */
export const moment = (time) => format({ weekday: "short", hour: "numeric", minute: "2-digit" }).format(new Date(time));

/** Days between now and then, in the viewer's zone. @param {Date} then */
function daysAgo(then) {
  const midnight = (/** @type {Date} */ date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  return Math.round((midnight(new Date()) - midnight(then)) / 86_400_000);
}

/** As a list shows it: today's hour, a day of this week, or a date. @param {string} time */
export function short(time) {
  const then = new Date(time);
  const days = daysAgo(then);
  if (days <= 0) return clock(then);
  if (days === 1) return t("yesterday");
  if (days < 7) return format({ weekday: "short" }).format(then);
  const thisYear = then.getFullYear() === new Date().getFullYear();
  return format(thisYear ? { day: "numeric", month: "short" } : { day: "numeric", month: "short", year: "numeric" }).format(then);
}

/** As a divider shows it. @param {string} time */
export function day(time) {
  const then = new Date(time);
  const days = daysAgo(then);
  if (days === 0) return t("today");
  if (days === 1) return t("yesterday");
  if (days > 1 && days < 7) return format({ weekday: "long" }).format(then);
  return format({ weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(then);
}

/** @param {string} a @param {string} b */
export const sameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString();

/** @param {number} bytes */
export function size(bytes) {
  const step = Math.min(3, Math.floor(Math.log(Math.max(1, bytes)) / Math.log(1000)));
  const number = new Intl.NumberFormat(language.value, { maximumFractionDigits: step ? 1 : 0 }).format(bytes / 1000 ** step);
  return `${number} ${["B", "kB", "MB", "GB"][step]}`;
}

/** A limit, which channels count in steps of 1,024. @param {number} bytes */
export const most = (bytes) => (bytes % 1024 ? size(bytes) : size(bytes % 1_048_576 ? (bytes / 1024) * 1_000 : (bytes / 1_048_576) * 1_000_000));

/** How long until then, in words: `3 h`, `25 min`. @param {string} time */
export function remaining(time) {
  const minutes = Math.max(0, Math.round((Date.parse(time) - Date.now()) / 60_000));
  const unit = minutes >= 60 ? "hour" : "minute";
  return new Intl.NumberFormat(language.value, { style: "unit", unit, unitDisplay: "long" }).format(unit === "hour" ? Math.floor(minutes / 60) : minutes);
}

/** A span in words: `24 hours`, `7 days`. @param {number} seconds */
export function lasting(seconds) {
  const days = seconds / 86_400;
  return new Intl.NumberFormat(language.value, { style: "unit", unit: days > 1 ? "day" : "hour", unitDisplay: "long" }).format(days > 1 ? days : days * 24);
}

/** Channels whose addresses are the platform's own ids. */
const NUMBERLESS = ["messenger", "instagram"];

/** `15551230001` → `+1 555 123 0001`; what is no number stays. @param {string} address @param {string} [channel] */
export function address(address, channel = "") {
  if (NUMBERLESS.includes(channel) || !/^\+?\d{7,15}$/.test(address)) return address;
  const digits = address.replace("+", "");
  const parts = digits.startsWith("1") && digits.length === 11 ? digits.match(/^(1)(\d{3})(\d{3})(\d{4})$/) : null;
  return parts ? `+${parts.slice(1).join(" ")}` : `+${digits.replace(/(\d{2})(?=(\d{3})+$)/, "$1 ").replace(/(\d{3})(?=(\d{3})+$)/g, "$1 ")}`;
}

/** @param {Pick<import("./types").Conversation, "contact" | "channel">} of */
export const nameOf = ({ contact, channel }) => contact.name?.trim() || address(contact.address, channel);

/** @param {string} name */
export function initials(name) {
  const words = name.replace(/[^\p{L}\p{N} ]/gu, "").trim().split(/\s+/).filter(Boolean);
  if (!words.length || /^\d/.test(words[0])) return "";
  const last = words.slice(1).findLast((word) => /^\p{L}/u.test(word)) ?? "";
  return [words[0], last].map((word) => [...word][0] ?? "").join("").toUpperCase();
}

/** One of eight hues, always the same for the same id. @param {string} id */
export function hue(id) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
  return sum % 8;
}

const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g;

/** Text in pieces: what is a link, and what is not. @param {string} text @returns {{ text: string, link: boolean }[]} */
export function pieces(text) {
  const found = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    if (match.index > end) found.push({ text: text.slice(end, match.index), link: false });
    found.push({ text: match[0], link: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ text: text.slice(end), link: false });
  return found;
}

/** Only addresses that open something harmless. @param {string | null | undefined} url */
export const safeUrl = (url) => (url && /^(https?:|tel:|mailto:|blob:)/i.test(url) ? url : undefined);
