// The mail page: what was caught, live and caged, and what shall go wrong with it.
import { Sandbox, accessible, expect, fits, test } from "./sandbox";

const email = (subject: string, body = "Hello", more = "") =>
  `From: Inbox <inbox@example.com>\r\nTo: ann@example.com\r\nSubject: ${subject}\r\nMessage-ID: <1@example.com>\r\n${more}\r\n${body}`;
const HTML = "Content-Type: text/html; charset=utf-8\r\n";

test("an email appears by itself and is read", async ({ page, sandbox }) => {
  await page.goto("/mail/page");
  await expect(page.getByText("No email yet.")).toBeVisible();
  expect(await sandbox.mail("ann@example.com", email("Three conversations wait"))).toMatch(/^250/);
  await page.getByRole("link", { name: /Three conversations wait/ }).click();
  await expect(page.getByRole("heading", { name: "Three conversations wait" })).toBeFocused();
  await page.getByRole("button", { name: "Text", exact: true }).click();
  await expect(page.locator("pre")).toHaveText("Hello");
  await page.getByRole("button", { name: "Headers" }).click();
  await expect(page.getByText("Message-ID: <1@example.com>")).toBeVisible();
  await page.getByRole("button", { name: "Delete all" }).click();
  await expect(page.getByText("No email yet.")).toBeVisible();
});

test("HTML runs and loads nothing", async ({ page, sandbox }) => {
  const asked: string[] = [];
  page.on("response", (response) => asked.push(response.url()));
  const body = '<h1 style="color:red">Hi</h1><script>top.document.title="caught"</script><img src="/control/accounts"><a href="https://example.com/">Open</a>';
  await sandbox.mail("ann@example.com", email("<b>Nasty</b>", body, HTML));
  await page.goto("/mail/page");
  await page.getByRole("link", { name: /<b>Nasty<\/b>/ }).click();
  const frame = page.frameLocator("iframe");
  await expect(frame.getByRole("heading", { name: "Hi" })).toHaveCSS("color", "rgb(255, 0, 0)");
  await expect(frame.getByRole("link", { name: "Open" })).toHaveAttribute("href", "https://example.com/");
  await expect(page).toHaveTitle("Mail caught by the sandbox");
  expect(asked.filter((url) => url.includes("/control/accounts"))).toEqual([]);
});

test("emails are searched, newest first", async ({ page, sandbox }) => {
  await sandbox.mail("ann@example.com", email("First", "about lemons"));
  await sandbox.mail("bo@example.com", email("Second"));
  await page.goto("/mail/page");
  await expect(page.locator(".email-row b")).toHaveText(["Second", "First"]);
  await page.getByRole("searchbox").fill("LEMON");
  await expect(page.locator(".email-row b")).toHaveText(["First"]);
  await page.getByRole("searchbox").fill("nothing such");
  await expect(page.getByText("No email has that in it.")).toBeVisible();
});

test("switches make mail go wrong one by one", async ({ page, sandbox }) => {
  await page.goto("/mail/page");
  await page.getByRole("switch", { name: /No such mailbox/ }).click();
  await expect(page.getByText("1 in force")).toBeVisible();
  await page.getByRole("switch", { name: "Slow" }).click();
  await expect(page.getByText("2 in force")).toBeVisible();
  await page.getByRole("switch", { name: "Slow" }).click();
  await expect(page.getByRole("switch", { name: /No such mailbox/ })).toBeChecked();
  await expect(page.getByText("1 in force")).toBeVisible();
  expect(await sandbox.mail("ann@example.com", email("x"))).toMatch(/^550/);
  await page.getByRole("button", { name: "Remove all" }).click();
  await page.getByText("Refuse one recipient").click();
  await page.getByLabel("Recipient", { exact: true }).fill("ann@example.com");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByText("1 in force")).toBeVisible();
  expect(await sandbox.mail("bo@example.com", email("x"))).toMatch(/^250/);
  expect(await sandbox.mail("ann@example.com", email("x"))).toMatch(/^550/);
});

test("without a mail server the page says how to have one", async ({ page }) => {
  const sandbox = new Sandbox();
  await sandbox.start("127.0.0.1:0", "");
  await page.goto(`${sandbox.base}/mail/page`);
  await expect(page.getByText("--mail-listen")).toBeVisible();
  await sandbox.stop();
  await expect(page.getByRole("alert")).toContainText("The sandbox does not answer");
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const [width, height] of [[320, 560], [768, 900], [1440, 900]]) {
    test(`axe finds nothing, ${colorScheme}, ${width} wide`, async ({ page, sandbox }) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      await sandbox.mail("ann@example.com", email(`A subject ${"without an end ".repeat(6)}`, "<p>Hi</p>", HTML));
      await page.goto("/mail/page");
      await page.locator(".email-row").waitFor();
      await accessible(page);
      await fits(page);
      await page.locator(".email-row").click();
      await page.frameLocator("iframe").getByText("Hi").waitFor();
      await accessible(page);
      await page.getByRole("button", { name: "Headers" }).click();
      await accessible(page);
      await fits(page);
      if (width < 1200) await page.getByRole("button", { name: "Faults" }).click();
      await page.getByText("Refuse one recipient").click();
      await accessible(page);
      await fits(page);
    });
  }
}
