// The details: who the contact is, what is known of it, its files, its other conversations, and the business it writes to.
import { api, bubble, Contact, embed, expect, openById, PICTURE, test } from "./support.ts";

test("details say who the contact is, and lead to its files and its other conversations", async ({ page }) => {
  const [ada, other] = [new Contact("Ada"), new Contact("Ada", "", "messenger")];
  await ada.sends({ type: "image", image: { mime_type: "image/png", data: PICTURE.toString("base64"), caption: "the first" } });
  await ada.sends({ type: "image", image: { mime_type: "image/png", data: PICTURE.toString("base64"), caption: "the second" } });
  await ada.sends({ type: "document", document: { mime_type: "application/pdf", filename: "invoice.pdf", data: Buffer.from("%PDF-1.4\n%%EOF").toString("base64") } });
  await other.says("the same person, elsewhere");
  const [here, there] = [await ada.conversation(), await other.conversation()];
  await api("PATCH", `/v1/contacts/${here.contact.id}`, { attributes: { plan: "Gold", orders: 12, vip: true } });
  await api("POST", `/v1/contacts/${there.contact.id}/merge`, { into: here.contact.id });
  const [user] = (await api("GET", "/v1/conversations/assignable-users")).users;
  await api("POST", `/v1/conversations/${here.id}/assignee`, { userId: user.id });
  await page.setViewportSize({ width: 1440, height: 1200 });
  await page.goto((await embed()).embed_url);
  await openById(page, here.id);
  const details = page.locator("#details");
  const fact = (name: string) => details.locator(".fact", { has: page.getByText(name, { exact: true }) });
  await expect(details.getByRole("heading", { name: ada.name })).toBeVisible();
  await expect(fact("plan")).toContainText("Gold");
  await expect(fact("orders")).toContainText("12");
  await expect(fact("vip")).toContainText("true");
  await expect(fact("Assigned to")).toContainText(user.name);
  await expect(page.locator(".thread-head")).toContainText(user.name);
  await expect(page.locator(`.row[data-id="${here.id}"]`).getByText(`Assigned to ${user.name}`)).toBeAttached();
  await expect(details.getByRole("heading", { name: "Business" })).toBeVisible();
  await expect(fact("State")).toContainText("Working");
  await expect(details.getByRole("link", { name: /invoice\.pdf/ })).toHaveAttribute("href", /^http/);

  // The viewer leafs through all pictures, by keys and by buttons.
  await details.getByRole("button", { name: "Enlarge: the second" }).click();
  const viewer = page.getByRole("dialog");
  await expect(viewer).toContainText("the second");
  await expect(viewer.getByRole("img")).toHaveJSProperty("complete", true);
  const places = ["1 / 2", "2 / 2"];
  const [from, to] = (await viewer.getByText("1 / 2").count()) ? places : places.reverse();
  await page.keyboard.press(from === "1 / 2" ? "ArrowRight" : "ArrowLeft");
  await expect(viewer.getByText(to)).toBeVisible();
  await expect(viewer).toContainText("the first");
  await viewer.getByRole("button", { name: from === "1 / 2" ? "Previous" : "Next" }).click();
  await expect(viewer).toContainText("the second");
  await page.keyboard.press("Escape");
  await expect(viewer).toHaveCount(0);
  await expect(details.getByRole("button", { name: "Enlarge: the second" })).toBeFocused();

  await details.getByRole("button", { name: /the same person, elsewhere/ }).click();
  await expect(bubble(page, "the same person, elsewhere")).toBeVisible();
  await expect(page.locator(".thread-head")).toContainText("Messenger");
  await details.getByRole("button", { name: /WhatsApp/ }).click();
  await expect(page.locator(".thread-head")).toContainText("WhatsApp");
});

test("details open and close by a key, and lie over the thread where there is little room", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  const { id } = await ada.conversation();
  await page.setViewportSize({ width: 420, height: 800 });
  await page.goto((await embed()).embed_url);
  await openById(page, id);
  await expect(page.locator("#details")).toHaveCount(0);
  await page.getByRole("button", { name: "Details", exact: true }).click();
  await expect(page.locator("#details")).toBeInViewport();
  await expect(page.getByRole("button", { name: "Close details" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator("#details")).toHaveCount(0);
  await expect(page.locator("#thread-title")).toBeVisible();
});
