// The browser tests: Debian's own Chromium, on a stack that runs already (`. .local/env`). No browser is downloaded.
import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const chromium = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (!chromium) throw new Error("there is no Chromium: apt-get install chromium");

const SANDBOX = ["**/phone*.spec.ts", "**/mail.spec.ts"];

export default defineConfig({
  testDir: "tests",
  outputDir: "results",
  fullyParallel: true,
  workers: 2,
  retries: 0,
  timeout: 300_000,
  expect: { timeout: 20_000 },
  reporter: [["list"]],
  forbidOnly: Boolean(process.env.CI),
  use: {
    baseURL: process.env.API_URL,
    locale: "en-US",
    timezoneId: "Europe/Berlin",
    viewport: { width: 1280, height: 860 },
    // A trace costs as much as the test, and copies every file that it attaches: `TRACE=yes deploy/browser/run -g …` asks for one.
    trace: process.env.TRACE ? "retain-on-failure" : "off",
    launchOptions: { executablePath: chromium, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] },
  },
  // `SCREENSHOTS=yes deploy/browser/run` writes docs/screenshots and tests nothing.
  projects: process.env.SCREENSHOTS ? [{ name: "screenshots", testMatch: "**/screenshots.ts" }] : [
    { name: "inbox", testMatch: "**/*.spec.ts", testIgnore: ["**/speed.spec.ts", "**/crowd.spec.ts", ...SANDBOX] },
    // The sandbox's pages by themselves: each test has a sandbox of its own. A trace would fetch pictures from within the page, which its policy stops.
    { name: "sandbox", testMatch: SANDBOX, use: { viewport: { width: 1440, height: 900 }, trace: "off" } },
    // By itself, since it fills everybody's list.
    { name: "crowd", testMatch: "**/crowd.spec.ts", dependencies: ["inbox", "sandbox"] },
    // By itself, since it counts milliseconds.
    { name: "speed", testMatch: "**/speed.spec.ts", dependencies: ["crowd"] },
  ],
});
