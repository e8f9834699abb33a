// The other channels: how their messages look, what the composer offers on each, and how it counts.
import type { Page } from "@playwright/test";
import { bubble, type Channel, Contact, embed, expect, openById, phone, PICTURE, test, write } from "./support.ts";

const DATA = PICTURE.toString("base64");

/** An inbox of all channels, with a contact's conversation open. */
async function open(page: Page, contact: Contact, words = "Hello from here") {
  await contact.says(words);
  const { id } = await contact.conversation();
  await page.goto((await embed()).embed_url);
  await openById(page, id);
  await expect(bubble(page, words)).toBeVisible();
}

/** What hides behind the plus; empty where there is no plus. */
async function offers(page: Page): Promise<string[]> {
  await expect(write(page)).toBeVisible();
  const plus = page.getByRole("button", { name: "More to send" });
  if (!(await plus.count())) return [];
  await plus.click();
  const names = await page.getByRole("menuitem").allTextContents();
  await page.keyboard.press("Escape");
  return names.map((name) => name.trim());
}

const PLUS: Record<Channel, string[]> = {
  whatsapp: ["Send a template", "Buttons, lists and links", "Send a location", "Send a contact"],
  messenger: ["Buttons, lists and links"],
  instagram: ["Buttons, lists and links"],
  text: [],
  rcs: ["Buttons, lists and links", "Send a location"],
};

for (const channel of ["messenger", "instagram", "text", "rcs"] as const) {
  test(`${channel}: the phone speaks, the inbox answers, and only what the channel carries is offered`, async ({ page, context }) => {
    const ada = new Contact("Ada", "", channel);
    await open(page, ada);
    await expect.poll(() => offers(page)).toEqual(PLUS[channel]);
    await expect(page.locator(".composer").getByTitle("Attach files")).toBeVisible();
    const answers = channel === "messenger" || channel === "instagram";
    await bubble(page, "Hello from here").hover();
    for (const name of ["React", "Reply"]) await expect(bubble(page, "Hello from here").getByRole("button", { name })).toHaveCount(answers ? 1 : 0);
    await write(page).fill("And hello from us");
    await write(page).press("Enter");
    await expect(bubble(page, "And hello from us").getByRole("img", { name: channel === "instagram" ? /Sent|Read/ : /Delivered|Read/ })).toBeVisible();
    const other = await context.newPage();
    await other.goto(phone(channel));
    const question = `Is anybody there? ${ada.address}`;
    await other.getByLabel("Message", { exact: true }).fill(question);
    await other.keyboard.press("Enter");
    await page.bringToFront();
    await page.locator(".row", { hasText: question }).click();
    await expect(bubble(page, question)).toBeVisible();
    const answer = `We are, ${ada.address}`;
    await write(page).fill(answer);
    await write(page).press("Enter");
    await other.bringToFront();
    await expect(other.locator(".bubble", { hasText: answer })).toBeVisible();
  });
}

test("messenger: files, reactions, quotes, presses, edits and what was taken back", async ({ page }) => {
  const ada = new Contact("Ada", "", "messenger");
  await open(page, ada);
  const first = await ada.says("Look at this");
  await ada.sends({ type: "image", image: { mime_type: "image/png", data: DATA } });
  await ada.sends({ type: "text", text: { body: "About that" }, reply_to: { mid: first } });
  await ada.sends({ type: "reaction", reaction: { mid: first, emoji: "🎉" } });
  await ada.sends({ type: "quick_reply", quick_reply: { title: "Large", payload: "L" } });
  await ada.sends({ type: "postback", postback: { title: "Get started", payload: "GO" } });
  const gone = await ada.says("never mind");
  await ada.sends({ type: "unsend", unsend: { mid: gone } });
  const wrong = await ada.says("tpyo");
  await ada.sends({ type: "edit", edit: { mid: wrong, text: "typo" } });
  await expect(page.locator(".picture img")).toHaveJSProperty("complete", true);
  await expect(bubble(page, "About that").locator(".quote", { hasText: "Look at this" })).toBeVisible();
  await expect(page.getByRole("list", { name: "Reactions" })).toHaveText("🎉");
  for (const words of ["Large", "Get started", "This message was deleted"]) await expect(page.locator(".messages").getByText(words)).toBeVisible();
  await expect(bubble(page, "typo").getByText("edited", { exact: true })).toBeVisible();
});

test("instagram: bytes are counted, in words and in what is built", async ({ page }) => {
  const ada = new Contact("Ada", "", "instagram");
  await open(page, ada);
  const counter = page.locator(".counter");
  const send = page.getByRole("button", { name: "Send", exact: true });
  await write(page).fill("é".repeat(500));
  await expect(counter).toHaveText("1000 / 1000 bytes");
  await expect(send).toBeEnabled();
  await write(page).fill("é".repeat(500) + "x");
  await expect(counter).toHaveText("1001 / 1000 bytes");
  await expect(send).toBeDisabled();
  await write(page).fill("");
  await page.getByRole("button", { name: "More to send" }).click();
  await page.getByRole("menuitem", { name: "Buttons, lists and links" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Buttons", exact: true }).click();
  await dialog.getByLabel("Choice 1", { exact: true }).fill("Yes");
  await dialog.getByLabel("Message").fill("é".repeat(640));
  await expect(dialog.getByText("640 / 640")).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Send" })).toBeEnabled();
  await dialog.getByRole("button", { name: "List", exact: true }).or(dialog.getByRole("button", { name: "Lists", exact: true })).click();
  await dialog.getByLabel("Button", { exact: true }).fill("Choose");
  await expect(dialog.getByText("1280 / 1000")).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Send" })).toBeDisabled();
  await dialog.getByLabel("Message").fill("é".repeat(500));
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect(async () => expect((await ada.got()).length).toBe(1)).toPass();
});

test("text: segments are counted as networks do, pictures come and go", async ({ page }) => {
  const ada = new Contact("Ada", "", "text");
  await open(page, ada);
  await ada.sends({ type: "image", image: { mime_type: "image/png", data: DATA, caption: "a picture" } });
  await expect(page.locator(".message.in .picture img")).toHaveJSProperty("complete", true);
  const counter = page.locator(".counter");
  for (const [words, parts] of [["x".repeat(160), "1 segment"], ["x".repeat(161), "2 segments"], [`${"x".repeat(159)}€`, "2 segments"], ["ж".repeat(70), "1 segment"], ["ж".repeat(71), "2 segments"], ["x".repeat(1500), "1500 / 1600 · 10 segments"]] as const) {
    await write(page).fill(words);
    await expect(counter).toHaveText(parts);
  }
  await write(page).fill("x".repeat(1601));
  await expect(page.getByRole("button", { name: "Send", exact: true })).toBeDisabled();
  await write(page).fill("and ours");
  await page.getByLabel("Attach files", { exact: true }).last().setInputFiles({ name: "red.png", mimeType: "image/png", buffer: PICTURE });
  await expect(counter).toHaveText("");
  await expect(page.getByRole("list", { name: "Files to send" }).getByRole("progressbar")).toHaveCount(0);
  await write(page).press("Enter");
  await expect(bubble(page, "and ours").locator("img")).toHaveJSProperty("complete", true);
  await expect(async () => expect((await ada.got()).length).toBe(1)).toPass();
});

test("rcs: suggestions are built, answered and shown; files and places come in", async ({ page }) => {
  const ada = new Contact("Ada", "", "rcs");
  await open(page, ada);
  await ada.sends({ type: "location", location: { latitude: 52.5163, longitude: 13.3777 } });
  await ada.sends({ type: "image", image: { mime_type: "image/png", data: DATA, filename: "red.png" } });
  await expect(page.locator(".messages").getByText("52.51630, 13.37770")).toBeVisible();
  await expect(page.locator(".message.in .picture img")).toHaveJSProperty("complete", true);
  await page.getByRole("button", { name: "More to send" }).click();
  await page.getByRole("menuitem", { name: "Buttons, lists and links" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Message", { exact: true }).fill("Which day?");
  await dialog.getByLabel("Choice 1", { exact: true }).fill("Monday");
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect(bubble(page, "Which day?")).toContainText("Monday");
  await expect(async () => expect((await ada.got()).length).toBe(1)).toPass();
  await ada.sends({ type: "suggestion", suggestion: { type: "REPLY", postbackData: "monday-1", text: "Monday" } });
  await expect(page.locator(".message.in .answer", { hasText: "Monday" })).toBeVisible();
});

test("where the window of a channel without templates has closed, the page says for how long it was open", async ({ page }) => {
  const ada = new Contact("Ada", "", "instagram");
  await ada.says("a week ago");
  const { id } = await ada.conversation();
  // Nobody waits a week.
  const closed = (one: any) => (one.id === id ? { ...one, canSend: [], messagingWindow: { state: "CLOSED", expiresAt: new Date(Date.now() - 86_400_000).toISOString() } } : one);
  await page.route(/\/v1\/conversations(\?|\/cnv_[0-9A-Z]+$)/, async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    await route.fulfill({ response, json: body.conversations ? { ...body, conversations: body.conversations.map(closed) } : closed(body) });
  });
  await page.goto((await embed()).embed_url);
  await openById(page, id);
  await expect(page.getByText(/More than 7 days have passed since .* last wrote, so the channel takes nothing until they write again/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Send a template" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Write now, send when they write" })).toBeVisible();
  await page.unrouteAll({ behavior: "ignoreErrors" });
});
