// Both ends: the contact's phone by the sandbox's control API, the product by its own API, and the page.
import { expect, test as base, type Page } from "@playwright/test";

const setting = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: . .local/env`);
  return value;
};
export const API = setting("API_URL");
/** Where the page is served; another place while it is being worked on. */
export const PAGE = process.env.PAGE_ORIGIN ?? API;
const KEY = setting("API_KEY");
const SANDBOX = setting("SANDBOX_URL");
const NUMBER = setting("DEMO_PHONE_NUMBER_ID");
export const INBOX = setting("INBOX_ID");

export async function api<T = any>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(API + path, {
    method,
    headers: { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : (null as T);
}

async function sandbox<T = any>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(SANDBOX + path, { method, headers: { "Content-Type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json() as Promise<T>;
}

/** With whom a contact chats on each channel, as the sandbox names it; read when it is needed, so that the other tests do without. */
const OTHER_END = { whatsapp: () => NUMBER, text: () => setting("DEMO_TEXT_NUMBER"), messenger: () => setting("DEMO_PAGE_ID"), instagram: () => setting("DEMO_INSTAGRAM_ID"), rcs: () => setting("DEMO_RCS_AGENT") };
export type Channel = keyof typeof OTHER_END;
/** The contact's phone, with the chat open. */
export const phone = (channel: Channel) => `${SANDBOX}/phone#${channel}/${encodeURIComponent(OTHER_END[channel]())}`;

let count = 0;

/** Somebody with a phone, whom nobody knows yet. */
export class Contact {
  readonly address: string;
  readonly name: string;

  constructor(name = "Ada", ending = "", readonly channel: Channel = "whatsapp") {
    // Unlike any other's, whichever worker draws it; the digits before an ending are few.
    const number = `${String(Date.now() % 1e7).padStart(7, "0")}${process.pid % 10}${String(count++ % 1000).padStart(3, "0")}`;
    this.address = ending ? `49${String(Math.floor(Math.random() * 1e5)).padStart(5, "0")}${ending}` : `49${number}`;
    this.name = `${name} ${number}`;
  }

  /** Sends a message of any type, as the provider's webhook has it; answers its id. */
  async sends(message: Record<string, unknown>): Promise<string> {
    return (await sandbox<{ id: string }>("POST", `/contacts/${this.address}/messages`, { channel: this.channel, to: OTHER_END[this.channel](), name: this.name, ...message })).id;
  }

  says(text: string, more: Record<string, unknown> = {}): Promise<string> {
    return this.sends({ type: "text", text: { body: text }, ...more });
  }

  /** What the phone shows, oldest first. */
  async sees(): Promise<any[]> {
    return (await sandbox<{ messages: any[] }>("GET", `/contacts/${this.address}/messages?channel=${this.channel}&with=${encodeURIComponent(OTHER_END[this.channel]())}`)).messages;
  }

  /** What came from the business. */
  async got(): Promise<any[]> {
    return (await this.sees()).filter((one) => one.from === "business");
  }

  reads(): Promise<unknown> {
    return sandbox("POST", `/contacts/${this.address}/read`, { channel: this.channel, to: OTHER_END[this.channel]() });
  }

  /** The conversation, once the product knows of it. */
  async conversation(): Promise<any> {
    let found: any;
    await expect(async () => {
      const page = await api("GET", `/v1/conversations?search=${this.address}`);
      found = page.conversations.find((one: any) => one.contact.address.replace("+", "") === this.address && one.channel === this.channel);
      expect(found).toBeTruthy();
    }).toPass();
    return found;
  }
}

export const ALL = { readInbox: true, readDetails: true, markRead: true, sendText: true, sendMedia: true, sendTemplates: true, sendAdvanced: true };

/** A shared inbox link on the demo's WhatsApp number. */
export async function link(permissions: Partial<typeof ALL> = ALL): Promise<{ id: string; publicUrl: string }> {
  const numbers = await api("GET", "/v1/phone-numbers");
  const number = numbers.phoneNumbers.find((one: any) => one.inboxId === INBOX);
  const none = Object.fromEntries(Object.keys(ALL).map((name) => [name, false]));
  const made = await api("POST", "/v1/shared-inbox-links", { phoneNumberId: number.id, name: "Acme Support", permissions: { ...none, ...permissions } });
  return { ...made.data, publicUrl: made.data.publicUrl.replace(API, PAGE) };
}

/** An embed of all inboxes, unless it says less. */
export async function embed(more: Record<string, unknown> = {}): Promise<{ id: string; embed_url: string }> {
  const made = await api("POST", "/platform/v1/inbox_embeds", { inbox_embed: { name: "Acme", scope_type: "project", ...more } });
  return { ...made.data, embed_url: made.data.embed_url.replace(API, PAGE) };
}

/** One link for all tests of a worker that do not ask for less. */
let shared: Promise<{ publicUrl: string }> | undefined;

async function address(permissions: Partial<typeof ALL>): Promise<string> {
  return (await (permissions === ALL ? (shared ??= link()) : link(permissions))).publicUrl;
}

export async function openInbox(page: Page, permissions: Partial<typeof ALL> = ALL, query = ""): Promise<void> {
  await page.goto((await address(permissions)) + query);
  await expect(page.locator(".connection.live, .whole h1")).toBeAttached();
}

/** Opens a contact's conversation from the list. */
export async function openChat(page: Page, contact: Contact): Promise<void> {
  await page.locator(".row", { hasText: contact.name }).first().click();
  await expect(page.getByRole("heading", { name: contact.name, level: 2 })).toBeVisible();
}

/** Opens a conversation by its id. */
export async function openById(page: Page, id: string): Promise<void> {
  await page.locator(`.row[data-id="${id}"]`).click();
  await expect(page.locator("#thread-title")).toBeVisible();
}

export const write = (page: Page) => page.locator("#write");
export const bubble = (page: Page, text: string) => page.locator(".message", { hasText: text });

/** A picture that is one, of one colour. */
export const PICTURE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGNoYGDAgxhGpYkRBgBeDGQBvIVHxgAAAABJRU5ErkJggg==", "base64");

/** Whatever the page's own code throws, or its policy refuses, fails the test. */
export const test = base.extend<{ quiet: void }>({
  quiet: [
    async ({ page }, use) => {
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(error.stack ?? error.message));
      page.on("console", (message) => message.type() === "error" && /Content Security Policy|Uncaught/.test(message.text()) && !/^Framing/.test(message.text()) && faults.push(message.text()));
      await use();
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],
});
export { expect };
