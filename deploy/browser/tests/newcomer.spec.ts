// A newcomer's first minute: from the addresses that ./deploy/up prints to a chat with two sides.
import type { Locator } from "@playwright/test";
import { bubble, expect, test } from "./support.ts";

const printed = (name: string): string => {
  const address = process.env[name];
  if (!address) throw new Error(`${name} is not set: . .local/env`);
  return address;
};

test("at most five clicks lead to a chat with two sides, and nothing is typed but the messages", async ({ page: inbox, context }) => {
  // An address that is opened is a click, too.
  let clicks = 0;
  const click = async (what: Locator) => {
    clicks += 1;
    await what.click();
  };
  const phone = await context.newPage();
  clicks += 2;
  await phone.goto(`${printed("SANDBOX_URL")}/phone`);
  await inbox.goto(printed("INBOX_URL"));

  const [question, answer] = [`Is anybody there? ${Date.now()}`, `Yes, hello! ${Date.now()}`];
  await click(phone.getByRole("button", { name: /Sandbox WhatsApp/ }));
  const words = phone.getByLabel("Message", { exact: true });
  await expect(words).toBeVisible();
  if (!(await words.evaluate((field) => field === document.activeElement))) await click(words);
  await phone.keyboard.type(question);
  await phone.keyboard.press("Enter");

  await inbox.bringToFront();
  await click(inbox.locator(".row", { hasText: question }));
  await expect(bubble(inbox, question)).toBeVisible();
  await inbox.keyboard.type(answer);
  await inbox.keyboard.press("Enter");
  await expect(bubble(inbox, answer)).toBeVisible();

  await phone.bringToFront();
  await expect(phone.locator(".bubble", { hasText: answer })).toBeVisible();
  expect(clicks).toBeLessThanOrEqual(5);
});
