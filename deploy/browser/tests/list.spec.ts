// The list: what a row says, filters, search, its place, and the stream that keeps it right.
import { api, bubble, Contact, expect, openChat, openInbox, test, write } from "./support.ts";

test("filters and search narrow the list", async ({ page }) => {
  const [ada, bob] = [new Contact("Ada"), new Contact("Bob")];
  await ada.says("about the invoice");
  await bob.says("about the desk");
  await api("PATCH", `/v1/conversations/${(await bob.conversation()).id}/read`);
  await openInbox(page);
  const row = (one: Contact) => page.locator(".row", { hasText: one.name });
  await expect(row(ada)).toBeVisible();
  await expect(row(bob)).toContainText("about the desk");
  await page.getByRole("button", { name: /^Unread/ }).click();
  await expect(row(bob)).toHaveCount(0);
  await expect(row(ada)).toBeVisible();
  await page.getByRole("button", { name: "Archived", exact: true }).click();
  await expect(row(ada)).toHaveCount(0);
  await api("PATCH", `/v1/conversations/${(await bob.conversation()).id}/archive`);
  await expect(row(bob)).toBeVisible();
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await expect(row(bob)).toHaveCount(0);
  await page.keyboard.press("/");
  await page.keyboard.type(ada.name);
  await expect(page.locator(".row")).toHaveCount(1);
  await expect(row(ada)).toBeVisible();
  await page.keyboard.press("Escape");
  await page.getByRole("searchbox", { name: /Search/ }).fill(`${ada.name} nobody`);
  await expect(page.getByText(/Nothing found for/)).toBeVisible();
});

test("a new message moves its conversation up, counts, and stands in the title", async ({ page }) => {
  const ada = new Contact();
  await openInbox(page);
  await ada.says("first");
  const row = page.locator(".row", { hasText: ada.name });
  await expect(row).toContainText("first");
  await ada.says("second");
  await expect(row.getByText("2 unread messages")).toBeAttached();
  await expect(page).toHaveTitle(/^\(\d+\+?\) /);
  await expect(page.getByRole("log").filter({ hasText: `New message from ${ada.name}: second` })).toBeAttached();
});

test("the list keeps its place while conversations move above it", async ({ page }) => {
  const crowd = Array.from({ length: 26 }, () => new Contact("Crowd"));
  for (const one of crowd) await one.says("hello");
  await openInbox(page);
  await expect(page.locator(".row", { hasText: crowd[25].name })).toBeVisible();
  const list = page.locator(".list");
  await list.evaluate((el) => (el.scrollTop = 76 * 16 + 20));
  await expect(page.locator(".row", { hasText: crowd[25].name })).toHaveCount(0);
  const held = await list.evaluate((el) => {
    const top = el.getBoundingClientRect().top;
    const row = [...el.querySelectorAll<HTMLElement>(".row")].find((one) => one.getBoundingClientRect().top >= top);
    return { id: row?.dataset.id, at: row?.getBoundingClientRect().top };
  });
  await crowd[0].says("me again");
  await expect(async () => expect((await crowd[0].conversation()).lastMessage.preview).toBe("me again")).toPass();
  await page.waitForFunction((name) => !document.querySelector(".list")?.textContent?.includes(name), crowd[0].name);
  const at = await page.locator(`.row[data-id="${held.id}"]`).evaluate((el) => el.getBoundingClientRect().top);
  expect(Math.abs(at - (held.at ?? 0))).toBeLessThan(2);
});

test("what happens while the connection is gone is there afterwards, once", async ({ page, context }) => {
  const ada = new Contact();
  await ada.says("before");
  await openInbox(page);
  await openChat(page, ada);
  await context.setOffline(true);
  await expect(page.locator(".connection.live")).toHaveCount(0);
  await ada.says("meanwhile one");
  await ada.says("meanwhile two");
  await write(page).fill("written offline");
  await write(page).press("Enter");
  await expect(bubble(page, "written offline")).toBeVisible();
  await context.setOffline(false);
  await expect(page.locator(".connection.live")).toBeVisible({ timeout: 30_000 });
  await expect(bubble(page, "meanwhile one")).toHaveCount(1);
  await expect(bubble(page, "meanwhile two")).toHaveCount(1);
  await expect(bubble(page, "written offline").getByRole("img", { name: /Delivered|Sent/ })).toBeVisible({ timeout: 30_000 });
  expect((await ada.got()).length).toBe(1);
  await expect(page.locator(".message")).toHaveCount(4);
});

test("keys walk the list and the page", async ({ page }) => {
  const [ada, bob] = [new Contact("Ada"), new Contact("Bob")];
  await ada.says("hello");
  await ada.conversation();
  await bob.says("hello");
  await bob.conversation();
  await openInbox(page, undefined, `?search=${encodeURIComponent("hello")}`);
  await expect(page.locator(".row").first()).toBeVisible();
  await page.keyboard.press("j");
  await expect(write(page)).toBeFocused();
  const first = await page.locator(".row.current").getAttribute("data-id");
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await expect(page.locator(".row.current")).not.toHaveAttribute("data-id", first ?? "");
  await expect(write(page)).toBeFocused();
  await page.keyboard.press("Escape");
  await page.keyboard.press("k");
  await expect(page.locator(".row.current")).toHaveAttribute("data-id", first ?? "");
  await expect(write(page)).toBeFocused();
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.locator(".row.current").focus();
  await page.keyboard.press("ArrowDown");
  await expect(page.locator(".row:focus")).not.toHaveAttribute("data-id", first ?? "");
});
