// A thousand messages at once: in the conversation that is open, and over many conversations.
import type { Page } from "@playwright/test";
import { api, bubble, Contact, expect, openChat, openInbox, test, write } from "./support.ts";

const MANY = 1_000;
const AT_ONCE = 40;

/** Runs so many things, a few dozen at a time. */
async function all(count: number, does: (number: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < count) await does(next++);
  }));
}

/** Every message of a conversation, oldest first, as the API has it. */
async function said(id: string): Promise<string[]> {
  const found: string[] = [];
  for (let from = ""; ; ) {
    const page = await api("GET", `/v1/conversations/${id}/messages?limit=100${from ? `&idFrom=${from}` : ""}`);
    // A page begins with the last of the page before.
    found.push(...page.messages.map((one: any) => one.id).filter((id: string) => id !== from));
    from = found.at(-1) ?? "";
    if (!page.hasMore) return found;
  }
}

// One after the other: each fills the list.
test.describe.configure({ mode: "default", timeout: 150_000 });

/** Takes the stream away; what is given back lets it through again. */
async function cut(page: Page): Promise<() => Promise<void>> {
  await page.route("**/v1/events", (route) => route.abort("connectionrefused"));
  await page.evaluate(() => dispatchEvent(new Event("offline")));
  await expect(page.locator(".connection.live")).toHaveCount(0);
  return () => page.unroute("**/v1/events");
}

test("a thousand messages at once in the open conversation are each there once, in order, while somebody writes in it", async ({ page }) => {
  const ada = new Contact();
  await ada.says("the first");
  const { id } = await ada.conversation();
  await openInbox(page);
  await openChat(page, ada);
  const half = MANY / 2;
  const burst = all(half, (number) => ada.says(`burst ${number}.`));
  // Somebody is writing meanwhile, and is not disturbed.
  await expect(bubble(page, "burst ").first()).toBeVisible();
  await write(page).pressSequentially("still here", { delay: 20 });
  await expect(write(page)).toHaveValue("still here");
  await write(page).press("Enter");
  await burst;
  // The other half comes in one piece, after the connection was gone.
  const back = await cut(page);
  await all(half, (number) => ada.says(`burst ${half + number}.`));
  await expect(async () => expect((await said(id)).length).toBe(MANY + 2)).toPass({ timeout: 60_000 });
  await back();
  await expect(page.locator(".message")).toHaveCount(MANY + 2, { timeout: 120_000 });
  await expect(page.locator(".message.unsettled")).toHaveCount(0);
  const shown = await page.locator(".message").evaluateAll((every) => every.map((one) => one.id));
  expect(shown).toEqual(await said(id));
  expect(new Set(await page.locator(".message .words").allTextContents())).toEqual(new Set(["the first", "still here", ...Array.from({ length: MANY }, (_, number) => `burst ${number}.`)]));
  // What is newest is in view, and all of it is read.
  await expect(page.locator(".message").last()).toBeInViewport();
  await expect(async () => expect((await ada.conversation()).unreadCount).toBe(0)).toPass({ timeout: 30_000 });
});

test("who reads further up is not moved by what arrives, and is told of it", async ({ page }) => {
  const ada = new Contact();
  await all(60, (number) => ada.says(`earlier ${number}.`));
  const { id } = await ada.conversation();
  await expect(async () => expect((await said(id)).length).toBe(60)).toPass({ timeout: 30_000 });
  await openInbox(page);
  await openChat(page, ada);
  await expect(page.locator(".message").first()).toBeAttached();
  const messages = page.locator(".messages");
  await messages.evaluate((el) => (el.scrollTop = 700));
  const top = await messages.evaluate((el) => el.scrollTop);
  await all(30, (number) => ada.says(`later ${number}.`));
  await expect(page.getByRole("button", { name: "30 new messages" })).toBeVisible();
  expect(Math.abs((await messages.evaluate((el) => el.scrollTop)) - top)).toBeLessThan(2);
  await page.getByRole("button", { name: "30 new messages" }).click();
  await expect(page.locator(".message").last()).toBeInViewport();
  await expect(page.getByRole("button", { name: "30 new messages" })).toHaveCount(0);
});

test("a thousand messages at once over many conversations leave the list right: each once, in order, counted", async ({ page }) => {
  const each = 4;
  const mark = `Crowd${Date.now() % 1e6}`;
  const crowd = Array.from({ length: MANY / each }, () => new Contact(mark));
  await openInbox(page);
  const half = MANY / 2;
  await all(half, (number) => crowd[number % crowd.length].says(`burst ${number}.`));
  await expect(page.locator(".row", { hasText: mark }).first()).toBeVisible();
  // The list is loaded down to the last of them, and then the other half comes in one piece.
  await expect(async () => {
    await page.locator(".list").evaluate((el) => (el.scrollTop = el.scrollHeight));
    expect(Number(await page.locator(".row-place").last().getAttribute("aria-setsize"))).toBeGreaterThanOrEqual(crowd.length);
  }).toPass({ timeout: 60_000 });
  const back = await cut(page);
  await all(half, (number) => crowd[number % crowd.length].says(`burst ${half + number}.`));
  const begun = new Date(Date.now() - 60_000).toISOString();
  const there = async () => {
    const found: any[] = [];
    for (let pageToken = ""; ; ) {
      const answer = await api("GET", `/v1/conversations?dateFrom=${begun}&pageSize=100${pageToken && `&pageToken=${encodeURIComponent(pageToken)}`}`);
      found.push(...answer.conversations.filter((one: any) => one.contact.name?.startsWith(mark)));
      pageToken = answer.nextPageToken ?? "";
      if (!pageToken) return found.sort((a, b) => (a.lastMessageDate < b.lastMessageDate || (a.lastMessageDate === b.lastMessageDate && a.id < b.id) ? 1 : -1));
    }
  };
  let right: any[] = [];
  await expect(async () => {
    right = await there();
    expect(right.reduce((sum, one) => sum + one.unreadCount, 0)).toBe(MANY);
  }).toPass({ timeout: 90_000 });
  expect(right.length).toBe(crowd.length);
  await back();
  await expect(page.locator(".connection.live")).toBeAttached({ timeout: 30_000 });

  // All that the list shows of them, from its top to below the last of them.
  const shown = () => page.locator(".list").evaluate(async (list, [mark, count]) => {
    const rows = new Map<string, { at: number; words: string }>();
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    list.scrollTop = 0;
    for (let still = 0, before = -1; rows.size < Number(count) && still < 40; still = list.scrollTop === before ? still + 1 : 0) {
      before = list.scrollTop;
      await frame();
      for (const row of list.querySelectorAll<HTMLElement>(".row")) {
        if (!row.textContent?.includes(String(mark))) continue;
        const at = Number(row.closest("li")?.getAttribute("aria-posinset"));
        rows.set(row.dataset.id ?? "", { at, words: `${row.querySelector(".row-preview")?.textContent?.trim()} ${row.querySelector(".badge")?.firstElementChild?.textContent}` });
      }
      list.scrollTop += 400;
    }
    return [...rows].sort(([, a], [, b]) => a.at - b.at).map(([id, { words }]) => `${id} ${words}`);
  }, [mark, crowd.length] as const);
  await expect(async () => expect(await shown()).toEqual(right.map((one) => `${one.id} ${one.lastMessage.preview} ${one.unreadCount}`))).toPass({ timeout: 60_000 });
});
