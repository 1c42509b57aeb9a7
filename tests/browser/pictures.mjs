// The pictures of the documentation, of whatever system runs:
//   SCREENSHOTS=docs/images node tests/browser/pictures.mjs http://127.0.0.1:8001/

import { look, picture } from "./browser.mjs";

await look(async (page) => {
  await page.locator('#connection[data-state="live"]').waitFor();
  await page.locator('[data-tile="p95"] .value', { hasText: /s$/ }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".canvas canvas").length === 4);
  await picture(page, "dashboard-light");
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await picture(page, "dashboard-dark");
  if (process.env.PHONE) {
    await page.setViewportSize({ width: 390, height: 844 });
    await picture(page, "dashboard-phone");
  }
});
