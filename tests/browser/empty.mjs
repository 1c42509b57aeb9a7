// A new system: the page has the command that places the first order, and the order appears.

import { assert, isAccessible, look, picture, say } from "./browser.mjs";

await look(async (page) => {
  await page.locator('#health .banner[data-code="no_orders"]').waitFor();
  const curl = page.locator("#curl");
  assert.match(await curl.textContent(), /^curl -i http:\/\/127\.0\.0\.1:\d+\/orders\//);
  assert(await curl.isVisible());
  await isAccessible(page);
  await picture(page, "empty");
  say("empty");
  await page.locator('#counts [data-status="completed"] dd', { hasText: /^1$/ }).waitFor();
  assert(await page.locator("#empty").isHidden());
});
