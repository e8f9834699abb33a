// The sandbox's pages by themselves: each test has a sandbox of its own, and nothing else runs.
//
//   cargo build -p sandbox && cd deploy/browser && npm ci && npx playwright test -c sandbox.config.ts
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "tests",
  testMatch: ["phone*.spec.ts", "mail.spec.ts"],
  outputDir: "results",
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  workers: 2,
  reporter: "list",
  timeout: 30_000,
  use: {
    viewport: { width: 1440, height: 900 },
    launchOptions: { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] },
  },
});
