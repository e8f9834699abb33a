// For everyone: what axe finds, both modes, narrow screens, right-to-left text, Spanish, and how heavy and steady the first view is.
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "@playwright/test";
import { api, bubble, Contact, embed, expect, INBOX, link, openById, openChat, openInbox, PAGE, PICTURE, test, write } from "./support.ts";

const FIRST_VIEW_LIMIT = 100_000;

async function axe(page: Page) {
  // What is still moving has no colour yet.
  await page.evaluate(() => Promise.all(document.getAnimations().filter((one) => one.effect?.getComputedTiming().iterations !== Infinity).map((one) => one.finished.catch(() => {}))));
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`)).toEqual([]);
}


/** Looks at a view by axe, and for who asks (`VIEWS=folder`) by a picture. */
async function look(page: Page, name: string) {
  if (process.env.VIEWS) await page.screenshot({ path: `${process.env.VIEWS}/${name}.png` });
  const outside = await page.evaluate(() => [...document.querySelectorAll(".popover, dialog[open], .composer, .thread-head, .sidebar")]
    .map((el) => ({ what: el.className, ...el.getBoundingClientRect().toJSON() }))
    .filter(({ left, right, width }) => width > 0 && (left < 0 || right > innerWidth)));
  expect(outside).toEqual([]);
  await axe(page);
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of process.env.VIEWS ? [360, 768, 1440] : [360, 1440]) {
    const at = `${colorScheme}-${width}`;
    const eyes = async (browser: Browser) => (await browser.newContext({ colorScheme, locale: "en-US", viewport: { width, height: 860 } })).newPage();

    test(`axe finds nothing on the list and a conversation of every type, ${at}`, async ({ browser }) => {
      test.setTimeout(240_000);
      const page = await eyes(browser);
      const ada = new Contact("Ada", "99990026");
      const first = await ada.says("Where is it? https://example.com");
      await ada.says("I quote", { context: { id: first } });
      await ada.sends({ type: "image", image: { mime_type: "image/png", data: PICTURE.toString("base64"), caption: "a picture" } });
      await ada.sends({ type: "document", document: { mime_type: "application/pdf", filename: "a rather long name of an invoice for march.pdf", data: Buffer.from("%PDF-1.4").toString("base64") } });
      await ada.sends({ type: "location", location: { latitude: 1, longitude: 2, name: "Here" } });
      await ada.sends({ type: "contacts", contacts: [{ name: { formatted_name: "Grace Hopper", first_name: "Grace" }, phones: [{ phone: "+1 555 000" }] }] });
      await ada.sends({ type: "interactive", interactive: { type: "list_reply", list_reply: { id: "a", title: "Ten o'clock", description: "in the morning" } } });
      await ada.sends({ type: "hologram", hologram: {} });
      await ada.sends({ type: "reaction", reaction: { message_id: first, emoji: "🎉" } });
      const gone = await ada.says("to be deleted");
      await ada.sends({ type: "revoke", revoke: { original_message_id: gone } });
      await openInbox(page, undefined, `?search=${ada.address}`);
      await expect(page.locator(".row")).toHaveCount(1);
      await look(page, `list-${at}`);
      await openChat(page, ada);
      await expect(page.locator(".picture img")).toHaveJSProperty("complete", true);
      await write(page).fill("Not going to arrive");
      await write(page).press("Enter");
      const failed = bubble(page, "Not going to arrive");
      await expect(failed.locator(".failure")).toBeVisible();
      await page.getByLabel("Attach files", { exact: true }).last().setInputFiles({ name: "red.png", mimeType: "image/png", buffer: PICTURE });
      await expect(page.getByRole("list", { name: "Files to send" }).getByRole("progressbar")).toHaveCount(0);
      await bubble(page, "I quote").getByRole("button", { name: "Reply" }).click();
      await look(page, `thread-${at}`);
      if (!(await page.locator("#details").count())) await page.getByRole("button", { name: "Details", exact: true }).click();
      await expect(page.locator("#details .gallery img")).toHaveJSProperty("complete", true);
      await look(page, `details-${at}`);
      await page.getByRole("button", { name: "Close details" }).click();
      const more = async (name: string) => (await page.getByRole("button", { name: "More to send" }).click(), page.getByRole("menuitem", { name }).click());
      const views: [string, () => Promise<unknown>][] = [
        ["more", () => page.getByRole("button", { name: "More to send" }).click()],
        ["templates", () => more("Send a template")],
        ["template", async () => (await more("Send a template"), page.getByRole("dialog").getByRole("button", { name: /^invoice/ }).click())],
        ["interactive", () => more("Buttons, lists and links")],
        ["location", () => more("Send a location")],
        ["contact", () => more("Send a contact")],
        ["timeline", () => failed.locator(".failure").getByRole("button", { name: "What happened" }).click()],
        ["viewer", () => page.locator(".messages .picture").click()],
        ["react", () => bubble(page, "I quote").getByRole("button", { name: "React" }).click()],
        ["emoji", () => page.getByRole("button", { name: "Emoji", exact: true }).click()],
        ...(width < 720 ? [] : ([["settings", () => page.getByRole("button", { name: "Settings" }).click()], ["keys", () => write(page).evaluate((el) => el.blur()).then(() => page.keyboard.press("?"))]] as [string, () => Promise<unknown>][])),
      ];
      for (const [name, open] of views) {
        await test.step(name, async () => {
          await open();
          await expect(page.locator("dialog[open], .popover").first()).toBeVisible();
          if (name === "emoji") await expect(page.locator(".emoji-grid")).toBeVisible();
          await look(page, `${name}-${at}`);
          await page.keyboard.press("Escape");
          await expect(page.locator("dialog[open], .popover")).toHaveCount(0);
        });
      }
      await page.context().close();
    });

    test(`axe finds nothing where there is nothing, or nothing more to do, ${at}`, async ({ browser }) => {
      test.setTimeout(180_000);
      const page = await eyes(browser);
      const [ada, bob] = [new Contact(), new Contact("Bob", "", "instagram")];
      await api("POST", "/v1/messages", { inboxId: INBOX, recipient: { type: "channel", externalId: `+${ada.address}` }, content: { type: "template", name: "order_update", language: "en_US", parameters: ["Ada", "7"] } });
      await bob.says("hello");
      const [closed, open] = [await ada.conversation(), await bob.conversation()];
      const { id, embed_url } = await embed();
      await page.goto(`${embed_url}?search=nobody`);
      await expect(page.getByText("Nothing found for")).toBeVisible();
      await look(page, `nothing-${at}`);
      await page.getByRole("button", { name: "Clear" }).click();
      await openById(page, closed.id);
      await expect(page.locator(".composer .closed")).toBeVisible();
      await look(page, `closed-${at}`);
      await page.getByRole("button", { name: "Write now, send when they write" }).click();
      await write(page).fill("As soon as you are there");
      await look(page, `held-${at}`);
      if (width < 720) await page.getByRole("button", { name: "Back" }).click();
      await openById(page, open.id);
      await write(page).fill("é".repeat(501));
      await look(page, `too-long-${at}`);
      await api("DELETE", `/platform/v1/inbox_embeds/${id}`);
      await expect(page.locator(".over-notice")).toBeVisible({ timeout: 30_000 });
      await look(page, `over-${at}`);
      await page.goto(`${PAGE}/embed`);
      await expect(page.locator(".whole h1")).toBeVisible();
      await look(page, `ended-${at}`);
      await openInbox(page, { sendText: true });
      await expect(page.getByRole("heading", { name: "Not permitted" })).toBeVisible();
      await look(page, `forbidden-${at}`);
      await page.context().close();
    });
  }
}

test("the look follows the system, the address, and the choice of who looks", async ({ page }) => {
  const shade = () => page.evaluate(() => getComputedStyle(document.querySelector(".sidebar") as Element).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  await openInbox(page);
  const light = await shade();
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(shade).not.toBe(light);
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("menuitemradio", { name: "Light" }).click();
  await expect.poll(shade).toBe(light);
  await page.reload();
  await expect.poll(shade).toBe(light);
});

for (const width of [320, 360, 768, 1440, 2200]) {
  test(`nothing is cut off at ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 740 });
    const ada = new Contact("Ada Wilhelmina Longname");
    await ada.says("x".repeat(300));
    await openInbox(page);
    const fits = async () => expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await fits();
    await openChat(page, ada);
    await expect(bubble(page, "xxx")).toBeVisible();
    await fits();
    await expect(page.locator(".send")).toBeInViewport();
    if (width < 720) {
      await expect(page.locator(".sidebar")).toBeHidden();
      await page.getByRole("button", { name: "Back" }).click();
      await expect(page.locator(".sidebar")).toBeVisible();
      await page.locator(".row", { hasText: ada.name }).click();
      await page.goBack();
      await expect(page.locator(".sidebar")).toBeVisible();
    }
  });
}

test("who wants no motion gets none", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  await page.emulateMedia({ reducedMotion: "reduce" });
  await openInbox(page);
  await openChat(page, ada);
  await page.getByRole("button", { name: "Emoji" }).click();
  await expect(page.locator(".popover")).toBeVisible();
  const longest = await page.evaluate(() => Math.max(...[...document.querySelectorAll("*")].flatMap((el) => {
    const { animationName, animationDuration, transitionDuration } = getComputedStyle(el);
    return [animationName === "none" ? 0 : parseFloat(animationDuration), ...transitionDuration.split(",").map(parseFloat)];
  })));
  expect(longest).toBeLessThanOrEqual(0.001);
});

test("right-to-left words read from the right, in a page that reads from the left", async ({ page }) => {
  const ada = new Contact("ליאה");
  await ada.says("مرحبا، متى يصل طلبي رقم 4821؟");
  await openInbox(page);
  await openChat(page, ada);
  expect(await bubble(page, "4821").locator(".words").evaluate((el) => el.matches(":dir(rtl)"))).toBe(true);
  await write(page).fill("שלום");
  expect(await write(page).evaluate((el) => el.matches(":dir(rtl)"))).toBe(true);
});

test("the page speaks Spanish to who does, and every word of it", async ({ browser, baseURL }) => {
  const context = await browser.newContext({ locale: "es-ES", baseURL });
  const page = await context.newPage();
  const ada = new Contact();
  await ada.says("hola");
  await openInbox(page);
  await expect(page.getByRole("button", { name: "Abiertas", exact: true })).toBeVisible();
  await openChat(page, ada);
  await expect(page.locator("html")).toHaveAttribute("lang", "es");
  await expect(page.getByText("Hoy", { exact: true })).toBeVisible();
  const lists = await page.evaluate(async () => {
    const root = (document.querySelector('script[type="module"]') as HTMLScriptElement).src.replace(/main\.js$/, "");
    const [en, es] = [(await import(`${root}strings/en.js`)).default, (await import(`${root}later/strings-es.js`)).default];
    const gaps = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort().join();
    return { missing: Object.keys(en).filter((key) => !(key in es)), odd: Object.keys(es).filter((key) => !(key in en) || gaps(en[key]) !== gaps(es[key])) };
  });
  expect(lists).toEqual({ missing: [], odd: [] });
  await context.close();
});

test("the first view is light, and nothing in it jumps", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  await page.addInitScript(() => {
    // By the browser's own clock: what is fetched later does not count, however late the test hears of the row.
    new MutationObserver((_, observer) => {
      if (!document.querySelector(".row")) return;
      (window as any).rowAt = performance.now();
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true });
    (window as any).shifts = [];
    new PerformanceObserver((list) => list.getEntries().forEach((one: any) => !one.hadRecentInput && (window as any).shifts.push(one.value))).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto((await link()).publicUrl);
  await page.locator(".row").first().waitFor();
  const first = await page.evaluate(() => {
    const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")] as PerformanceResourceTiming[];
    return all.filter((one) => one.responseEnd <= (window as any).rowAt).reduce((sum, one) => sum + one.transferSize, 0);
  });
  await expect(page.locator(".connection.live")).toBeAttached();
  const shift = (await page.evaluate(() => (window as any).shifts as number[])).reduce((sum, one) => sum + one, 0);
  console.log(`first view: ${(first / 1000).toFixed(1)} kB transferred, layout shift ${shift.toFixed(4)}`);
  test.skip(Boolean(process.env.PAGE_ORIGIN), "a stand-in does not compress");
  expect(first).toBeLessThan(FIRST_VIEW_LIMIT);
  expect(shift).toBeLessThan(0.01);
});
