// The cause of late orders is named at the top: its code and the words are given.

import { assert, isAccessible, look, picture, words } from "./browser.mjs";

const [code, ...sentences] = words;

await look(async (page) => {
  const banner = page.locator(`#health .banner[data-code="${code}"]`);
  await banner.waitFor();
  assert.equal(await banner.getAttribute("data-level"), "problem");
  // The first look may be from before everything was there to be seen.
  for (const sentence of sentences) await banner.filter({ hasText: sentence }).waitFor();
  assert(await page.getByText(sentences[0]).first().isVisible());
  await isAccessible(page);
  await picture(page, `cause-${code}`);
  // Without Redis order-api can't say which dead letters there are.
}, code === "redis_away" ? /503/ : undefined);
