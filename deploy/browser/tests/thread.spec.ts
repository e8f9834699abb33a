// The thread: what both sides say, in whatever form, and how far it got.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { api, bubble, Contact, expect, INBOX, openById, openChat, openInbox, PICTURE, test, write } from "./support.ts";

test("both sides talk, and each sees what the other said", async ({ page }) => {
  const ada = new Contact();
  await openInbox(page);
  await ada.says("Is anybody there?");
  await openChat(page, ada);
  await expect(bubble(page, "Is anybody there?")).toHaveClass(/\bin\b/);
  await write(page).fill("Yes, we are");
  await write(page).press("Enter");
  await expect(bubble(page, "Yes, we are")).toHaveClass(/\bout\b/);
  await expect(async () => expect((await ada.got()).map((one) => one.message.text?.body)).toEqual(["Yes, we are"])).toPass();
  await expect(bubble(page, "Yes, we are").getByRole("img", { name: "Delivered" })).toBeVisible();
  await ada.reads();
  await expect(bubble(page, "Yes, we are").getByRole("img", { name: "Read", exact: true })).toBeVisible();
  await ada.says("Wonderful");
  await expect(bubble(page, "Wonderful")).toBeVisible();
  await expect(page.locator(".message")).toHaveCount(3);
});

test("opening a conversation marks it read, for us and for the contact", async ({ page }) => {
  const ada = new Contact();
  await ada.says("one");
  await ada.says("two");
  await openInbox(page);
  const row = page.locator(".row", { hasText: ada.name });
  await expect(row.getByText("2 unread messages")).toBeAttached();
  await openChat(page, ada);
  await expect(page.getByRole("separator").filter({ hasText: "New messages" })).toBeVisible();
  await expect(row.getByText("unread message")).toHaveCount(0);
  expect((await ada.conversation()).unreadCount).toBe(0);
});

test("every type of message is shown", async ({ page }) => {
  const ada = new Contact();
  const first = await ada.says("https://example.com/a?b=1. And more");
  await ada.sends({ type: "image", image: { mime_type: "image/png", data: PICTURE.toString("base64"), caption: "a picture" } });
  await ada.sends({ type: "document", document: { mime_type: "application/pdf", filename: "invoice.pdf", data: Buffer.from("%PDF-1.4\n%%EOF").toString("base64") } });
  await ada.sends({ type: "location", location: { latitude: 52.5163, longitude: 13.3777, name: "Brandenburg Gate" } });
  await ada.sends({ type: "contacts", contacts: [{ name: { formatted_name: "Grace Hopper", first_name: "Grace" }, phones: [{ phone: "+1 555 000" }] }] });
  await ada.sends({ type: "button", button: { payload: "p", text: "Yes please" } });
  await ada.sends({ type: "interactive", interactive: { type: "list_reply", list_reply: { id: "a", title: "Ten o'clock", description: "in the morning" } } });
  await ada.sends({ type: "interactive", interactive: { type: "nfm_reply", nfm_reply: { name: "flow", body: "Form sent in", response_json: '{"size":"M"}' } } });
  await ada.sends({ type: "order", order: { catalog_id: "1", product_items: [{ product_retailer_id: "desk-7", quantity: 2, item_price: 9.5, currency: "EUR" }] } });
  await ada.sends({ type: "hologram", hologram: {} });
  await ada.sends({ type: "system", system: { body: "Ada changed her number", type: "customer_identity_changed" } });
  await ada.says("I quote", { context: { id: first } });
  await ada.sends({ type: "reaction", reaction: { message_id: first, emoji: "🎉" } });
  const gone = await ada.says("to be deleted");
  await ada.sends({ type: "revoke", revoke: { original_message_id: gone } });
  const wrong = await ada.says("to be edited");
  await ada.sends({ type: "edit", edit: { original_message_id: wrong, message: { type: "text", text: { body: "edited words" } } } });
  await openInbox(page);
  await openChat(page, ada);

  await expect(page.getByRole("link", { name: "https://example.com/a?b=1", exact: true })).toHaveAttribute("rel", /noopener/);
  await expect(page.locator(".picture img")).toHaveJSProperty("complete", true);
  await expect(page.locator(".messages").getByRole("link", { name: /invoice\.pdf/ })).toBeVisible();
  await expect(page.locator("#details").getByRole("link", { name: /invoice\.pdf/ })).toBeVisible();
  for (const words of ["Brandenburg Gate", "Grace Hopper", "Yes please", "in the morning", "Form sent in", "desk-7", "hologram", "Ada changed her number", "This message was deleted", "edited words"]) {
    await expect(page.locator(".messages").getByText(words)).toBeVisible();
  }
  await expect(page.locator(".messages, .list").getByText("to be deleted")).toHaveCount(0);
  await expect(bubble(page, "edited words").getByText("edited", { exact: true })).toBeVisible();
  await expect(page.getByRole("list", { name: "Reactions" })).toHaveText("🎉");
  await page.locator(".picture").click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await bubble(page, "I quote").locator(".quote").click();
  await expect(bubble(page, "And more").first()).toBeInViewport();
});

test("markup in names and words is only text", async ({ page }) => {
  const ada = new Contact("<img src=x onerror=alert(1)>");
  let alarmed = false;
  page.on("dialog", () => (alarmed = true));
  await ada.says("<script>alert(1)</script> javascript:alert(1)");
  await ada.says("W".repeat(4096));
  await openInbox(page);
  await openChat(page, ada);
  await expect(bubble(page, "<script>alert(1)</script>")).toBeVisible();
  expect(await page.locator(".messages script, .messages img").count()).toBe(0);
  const { scrollWidth, clientWidth } = await page.locator(".messages").evaluate((el) => ({ scrollWidth: el.scrollWidth, clientWidth: el.clientWidth }));
  expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
  expect(alarmed).toBe(false);
});

test("a failed message says why, tells what happened, and can be tried again", async ({ page }) => {
  const ada = new Contact("Nora", "99990026");
  await ada.says("Call me");
  await openInbox(page);
  await openChat(page, ada);
  await write(page).fill("We tried");
  await write(page).press("Enter");
  const failed = bubble(page, "We tried");
  await expect(failed.locator(".failure")).toBeVisible();
  await failed.locator(".failure").getByRole("button", { name: "What happened" }).click();
  const dialog = page.getByRole("dialog", { name: "What happened" });
  await expect(dialog.getByText("Accepted and in line")).toBeVisible();
  await expect(dialog.getByText(/131026/)).toBeVisible();
  await dialog.getByRole("button", { name: "Close" }).click();
  const before = (await ada.got()).length;
  await failed.getByRole("button", { name: "Try again" }).click();
  await expect(async () => expect((await ada.got()).length).toBe(before + 1)).toPass();
  await expect(failed.locator(".failure")).toBeVisible();
});

test("a long conversation is read upwards, and keeps its place", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  const { id } = await ada.conversation();
  for (let number = 1; number <= 130; number++) await ada.says(`message number ${number}.`);
  await expect(async () => expect((await api("GET", `/v1/conversations/${id}`)).lastMessage.preview).toContain("130.")).toPass({ timeout: 30_000 });
  await openInbox(page);
  await openChat(page, ada);
  const messages = page.locator(".messages");
  await expect(page.locator(".message").first()).toBeVisible();
  for (let round = 0; round < 12 && !(await page.getByText("The conversation begins here").count()); round++) {
    const top = await page.locator(".message").first().getAttribute("id");
    await messages.evaluate((el) => (el.scrollTop = 0));
    await page.waitForFunction((id) => document.querySelector(".message")?.id !== id || document.querySelector(".beginning"), top);
    // What was first is still about where it was: the view did not jump to the new top.
    expect(await messages.evaluate((el) => el.scrollTop)).toBeGreaterThan(round === 0 ? 100 : -1);
  }
  await expect(page.getByText("The conversation begins here")).toBeAttached();
  const shown = await page.locator(".message .words").allTextContents();
  expect(shown).toEqual(["hello", ...Array.from({ length: 130 }, (_, index) => `message number ${index + 1}.`)]);
});

test("replies quote, and reactions go out", async ({ page }) => {
  const ada = new Contact();
  const asked = await ada.says("Blue or red?");
  await openInbox(page);
  await openChat(page, ada);
  await bubble(page, "Blue or red?").hover();
  await bubble(page, "Blue or red?").getByRole("button", { name: "Reply" }).click();
  await write(page).fill("Red");
  await write(page).press("Enter");
  await expect(bubble(page, "Red").locator(".quote", { hasText: "Blue or red?" })).toBeVisible();
  await bubble(page, "Blue or red?").first().hover();
  await bubble(page, "Blue or red?").first().getByRole("button", { name: "React" }).click();
  await page.getByRole("button", { name: "👍", exact: true }).click();
  await expect(page.getByRole("list", { name: "Reactions" })).toHaveText("👍");
  await expect(async () => {
    const got = await ada.got();
    expect(got.map((one) => one.type)).toEqual(["text", "reaction"]);
    expect(got[0].message.context?.message_id).toBe(asked);
    expect(got[1].message.reaction).toMatchObject({ message_id: asked, emoji: "👍" });
  }).toPass();
});

test("pictures, films, recordings and stickers of the contact are looked at and played", async ({ page }) => {
  const sample = async (name: string) => (await readFile(join(import.meta.dirname, "../../sandbox/web/samples", name))).toString("base64");
  const ada = new Contact();
  await ada.sends({ type: "video", video: { mime_type: "video/mp4", data: await sample("clip.mp4"), caption: "a film" } });
  await ada.sends({ type: "audio", audio: { mime_type: "audio/ogg", data: await sample("voice.ogg"), voice: true } });
  await ada.sends({ type: "sticker", sticker: { mime_type: "image/webp", data: await sample("sticker.webp") } });
  await ada.sends({ type: "image", image: { mime_type: "image/jpeg", data: await sample("photo.jpg"), caption: "a photo" } });
  await openInbox(page);
  await openChat(page, ada);
  await expect(bubble(page, "a film").locator("video")).toHaveJSProperty("error", null);
  await expect.poll(() => bubble(page, "a film").locator("video").evaluate((el) => (el as HTMLVideoElement).readyState)).toBeGreaterThan(0);
  const audio = page.locator(".message audio");
  await audio.evaluate((el) => (el as HTMLAudioElement).load());
  await expect.poll(() => audio.evaluate((el) => (el as HTMLAudioElement).networkState)).not.toBe(3);
  await expect(page.locator(".picture.sticker img")).toHaveJSProperty("complete", true);
  await page.getByRole("button", { name: "Enlarge: a photo" }).first().click();
  const viewer = page.getByRole("dialog");
  await expect(viewer.getByRole("img")).toHaveJSProperty("complete", true);
  await expect(viewer.getByRole("link", { name: "Download" })).toHaveAttribute("href", /^http/);
});

test("days divide the thread, what stands together is grouped, and times are those of who looks", async ({ page }) => {
  const ada = new Contact();
  const noon = new Date();
  noon.setUTCHours(12, 0, 0, 0);
  const at = (days: number, minutes: number) => String(Math.floor(noon.getTime() / 1000) - days * 86_400 + minutes * 60);
  await ada.says("two days ago", { timestamp: at(2, 0) });
  await ada.says("yesterday, first", { timestamp: at(1, 0) });
  await ada.says("yesterday, at once after", { timestamp: at(1, 1) });
  await ada.says("yesterday, much later", { timestamp: at(1, 90) });
  await openInbox(page);
  await openChat(page, ada);
  await expect(page.locator(".day")).toHaveCount(2);
  await expect(page.locator(".day").last()).toHaveText("Yesterday");
  // Berlin's time, whatever the machine's is.
  const time = new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit", timeZone: "Europe/Berlin" }).format(noon.getTime() - 86_400_000);
  await expect(bubble(page, "yesterday, first").locator("time")).toHaveText(time);
  await expect(bubble(page, "yesterday, first")).toHaveClass(/\bfirst\b/);
  await expect(bubble(page, "yesterday, at once after")).not.toHaveClass(/\bfirst\b/);
  await expect(bubble(page, "yesterday, much later")).toHaveClass(/\bfirst\b/);
});

test("a quote leads to what it quotes, however far up that is", async ({ page }) => {
  test.setTimeout(90_000);
  const ada = new Contact();
  const first = await ada.says("where it all began");
  const { id } = await ada.conversation();
  for (let number = 1; number <= 120; number++) await ada.says(`message number ${number}.`);
  await ada.says("I mean this", { context: { id: first } });
  await expect(async () => expect((await api("GET", `/v1/conversations/${id}`)).lastMessage.preview).toContain("I mean this")).toPass({ timeout: 30_000 });
  await openInbox(page);
  await openChat(page, ada);
  await page.locator(".messages").evaluate((el) => (el.scrollTop = el.scrollHeight));
  const quote = bubble(page, "I mean this").locator(".quote");
  await expect(quote).toBeVisible();
  await quote.click();
  await expect(bubble(page, "where it all began").first()).toBeInViewport();
  await expect(bubble(page, "where it all began").first()).toBeFocused();
});

test("a message that waits says so, and is taken back by who sent it", async ({ page }) => {
  const ada = new Contact();
  await api("POST", "/v1/messages", {
    inboxId: INBOX,
    recipient: { type: "channel", externalId: `+${ada.address}` },
    content: { type: "template", name: "order_update", language: "en_US", parameters: ["Ada", "7"] },
  });
  const { id } = await ada.conversation();
  const later = { scheduledAt: new Date(Date.now() + 86_400_000).toISOString() };
  await api("POST", "/v1/conversations/reply", { conversationId: id, content: { type: "template", name: "order_update", language: "en_US", parameters: ["Ada", "Tomorrow"] }, ...later });
  await openInbox(page);
  await openById(page, id);
  // Somebody else's.
  const theirs = bubble(page, "Tomorrow");
  await expect(theirs.getByText(/^Scheduled for/)).toBeVisible();
  await expect(theirs.getByRole("button", { name: "Don’t send" })).toHaveCount(0);
  await theirs.getByRole("button", { name: "What happened" }).last().click();
  const dialog = page.getByRole("dialog", { name: "What happened" });
  await expect(dialog.getByText("Scheduled for later")).toBeVisible();
  await dialog.getByRole("button", { name: "Close" }).click();
  // One's own.
  await page.getByRole("button", { name: "Write now, send when they write" }).click();
  await write(page).fill("On second thoughts");
  await page.getByRole("button", { name: "Hold until they write" }).click();
  const ours = bubble(page, "On second thoughts");
  await ours.getByRole("button", { name: "Don’t send" }).click();
  await expect(ours.getByText("Taken back before it was sent")).toBeVisible();
  await expect(ours.getByRole("button", { name: "Try again" })).toHaveCount(0);
  await ada.says("hello");
  await expect(bubble(page, "hello")).toBeVisible();
  expect((await ada.got()).filter((one) => one.type === "text")).toEqual([]);
});

test("a stream that cannot go on where it was begins anew, and nothing is missing", async ({ page }) => {
  const ada = new Contact();
  await ada.says("before");
  await openInbox(page);
  await openChat(page, ada);
  let refused = 0;
  let away = true;
  await page.route("**/v1/events", (route) => {
    if (away) return route.abort("connectionrefused");
    if (!route.request().headers()["last-event-id"] || refused++) return route.continue();
    return route.fulfill({ status: 410, contentType: "application/problem+json", body: JSON.stringify({ status: 410, code: "events_gone", title: "x", detail: "x" }) });
  });
  await ada.says("so that there is a number");
  await expect(bubble(page, "so that there is a number")).toBeVisible();
  await page.evaluate(() => dispatchEvent(new Event("offline")));
  await expect(page.locator(".connection.live")).toHaveCount(0);
  await ada.says("meanwhile");
  await expect(async () => expect((await ada.conversation()).lastMessage.preview).toBe("meanwhile")).toPass();
  away = false;
  await expect(bubble(page, "meanwhile")).toHaveCount(1, { timeout: 30_000 });
  await expect(page.locator(".connection.live")).toBeVisible({ timeout: 30_000 });
  expect(refused).toBe(1);
  await ada.says("afterwards");
  await expect(bubble(page, "afterwards")).toHaveCount(1);
  await expect(page.locator(".row", { hasText: ada.name })).toContainText("afterwards");
});
