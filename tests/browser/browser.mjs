// What every script does: opens the page in a real browser, and is content only if nothing went wrong on it.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const SIZES = { desktop: { width: 1360, height: 900 }, phone: { width: 390, height: 844 } };
const DEADLINE = 90_000;

// .ci/browser.sh looks in the same places.
const BROWSERS = ["chromium", "chromium-browser", "google-chrome"]
  .flatMap((name) => (process.env.PATH ?? "").split(":").map((folder) => `${folder}/${name}`))
  .concat(
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
  );

export { assert };
export const words = process.argv.slice(3);
const url = process.argv[2];

export const say = (word) => console.log(word);

/** Opens the page and hands it to `look`. Errors on it are failures, unless `allowed` matches them. */
export async function look(look, allowed = /^$/) {
  const executablePath = BROWSERS.find(existsSync);
  assert(executablePath, "no Chromium: .ci/browser.sh installs it");
  // A root user has no sandbox; shared memory is small in containers.
  const args = ["--disable-dev-shm-usage", ...(process.getuid() === 0 ? ["--no-sandbox"] : [])];
  const browser = await chromium.launch({ executablePath, args });
  const errors = [];
  try {
    const context = await browser.newContext({ viewport: SIZES.desktop, colorScheme: "light", reducedMotion: "reduce" });
    const page = await context.newPage();
    page.setDefaultTimeout(DEADLINE);
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("dialog", (dialog) => errors.push(`a script of somebody else ran: ${dialog.message()}`) && dialog.dismiss());
    page.on("request", (request) => request.url().startsWith(url) || errors.push(`asked elsewhere: ${request.url()}`));
    await page.goto(url);
    await look(page);
    const unexpected = errors.filter((error) => !allowed.test(error));
    assert.deepEqual(unexpected, [], "errors on the page");
  } finally {
    await browser.close();
  }
  process.exit(0);
}

/** No rule of accessibility is broken, light and dark, on a large screen and a small one, and nothing is cut off. */
export async function isAccessible(page) {
  for (const size of Object.keys(SIZES)) {
    await page.setViewportSize(SIZES[size]);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      // By the browser itself, so that the page's own policy stays as it is.
      await page.evaluate(AXE);
      const { violations } = await page.evaluate((values) => window.axe.run({ runOnly: { type: "tag", values } }), RULES);
      const told = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html + " " + (node.any[0]?.message ?? "")).join(" | ")}`);
      assert.deepEqual(told, [], `${size}, ${colorScheme}`);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert(wider <= 0, `${size}: the page is ${wider} pixels wider than the screen`);
    }
  }
  await page.setViewportSize(SIZES.desktop);
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
}

/** A picture for people: of a failure, or for the documentation. */
export async function picture(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}
