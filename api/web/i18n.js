// The page's words: English, and other languages over it. English is in `strings/`, the others in `later/`.
import { signal } from "./lib.js";
import { browser } from "./storage.js";
import en from "./strings/en.js";

/** @typedef {keyof typeof en} Key */

export const LANGUAGES = { en: "English", es: "Español" };

/** @type {{ value: string }} */
export const language = signal("en");
/** Every word, in the language that is spoken where it has one. @type {Record<string, string>} */
let words = en;
let plurals = new Intl.PluralRules("en");

/** Chooses by the address, the last choice, or the browser. */
export async function choose() {
  const wishes = [new URLSearchParams(location.search).get("lang"), browser.get("language"), ...navigator.languages];
  const found = wishes.map((wish) => wish?.slice(0, 2)).find((wish) => wish && wish in LANGUAGES);
  await speak(found ?? "en");
}

/** @param {string} wish */
export async function speak(wish) {
  words = wish === "es" ? { ...en, ...(await import("./later/strings-es.js")).default } : en;
  plurals = new Intl.PluralRules(wish);
  document.documentElement.lang = wish;
  language.value = wish;
}

/** @param {string} wish */
export function remember(wish) {
  browser.set("language", wish);
  return speak(wish);
}

/**
 * The words for a key, with `{name}` filled in. Where `count` is given, `key_one` or `key_other` is meant.
 * @param {string} key
 * @param {Record<string, string | number>} [fill]
 * @returns {string}
 */
export function t(key, fill = {}) {
  void language.value;
  const text = (fill.count === undefined ? undefined : (words[`${key}_${plurals.select(Number(fill.count))}`] ?? words[`${key}_other`])) ?? words[key];
  return (text ?? key).replace(/\{(\w+)\}/g, (_, name) => String(fill[name] ?? ""));
}

/** Whether there are words for a key that the API made up. @param {string} key */
export const has = (key) => key in en;
