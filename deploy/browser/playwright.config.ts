// The browser tests: Debian's own Chromium, on a stack that runs already (`. .local/env`). Nothing is downloaded.
import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const chromium = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (!chromium) throw new Error("there is no Chromium: apt-get install chromium");

export default defineConfig({
  testDir: "tests",
  outputDir: "results",
  fullyParallel: true,
  workers: 2,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  forbidOnly: Boolean(process.env.CI),
  use: {
    baseURL: process.env.API_URL,
    locale: "en-US",
    timezoneId: "Europe/Berlin",
    viewport: { width: 1280, height: 860 },
    trace: "retain-on-failure",
    launchOptions: { executablePath: chromium, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] },
  },
  projects: [
    { name: "inbox", testIgnore: ["**/screenshots.ts"], testMatch: "**/*.spec.ts" },
    // Only when asked for by name: `deploy/browser/run --project=screenshots`.
    ...(process.argv.some((one) => one.includes("screenshots")) ? [{ name: "screenshots", testMatch: "**/screenshots.ts" }] : []),
  ],
});
