// metrics-service goes away and comes back: the page says so, keeps the last numbers, and goes on.

import { assert, isAccessible, look, picture, say } from "./browser.mjs";

await look(async (page) => {
  const completed = page.locator('#counts [data-status="completed"] dd', { hasText: /^1$/ });
  await completed.waitFor();
  assert(await page.locator("#lost").isHidden());
  say("live");

  await page.locator("#lost", { hasText: /Disconnected since \d\d:\d\d:\d\d/ }).waitFor();
  await page.locator('#connection[data-state="lost"]').waitFor();
  assert(await completed.isVisible(), "the last numbers stay");
  await isAccessible(page);
  await picture(page, "disconnected");
  say("disconnected");

  await page.locator('#connection[data-state="live"]').waitFor();
  await page.locator("#lost").waitFor({ state: "hidden" });
  await completed.waitFor();
  say("live again");
}, /ERR_|Failed to load resource/);
