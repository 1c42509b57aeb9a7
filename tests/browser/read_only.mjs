// No admin key is set: dead letters are shown, and nothing else can be done with them.

import { assert, isAccessible, look, say } from "./browser.mjs";

await look(async (page) => {
  const letter = page.locator("[data-letter]");
  await letter.waitFor();
  await page.locator('#health [data-code="dead_letters"]').waitFor();
  await letter.locator("summary").click();
  await letter.getByText("This page only shows.").waitFor();
  assert.equal(await page.getByRole("button", { name: /Send again/ }).count(), 0);
  assert(await page.locator("#admin").isHidden());
  const id = await letter.getAttribute("data-letter");
  const status = await page.evaluate(async (id) => {
    const headers = { "X-Admin-Key": "" };
    return (await fetch(`dashboard/dead-letters/${id}/redrive`, { method: "POST", headers })).status;
  }, id);
  assert.equal(status, 403);
  await isAccessible(page);

  // What a person reads stays open when another one comes.
  say("reading");
  await page.waitForFunction(() => document.querySelectorAll("[data-letter]").length === 2);
  assert.equal(await page.locator(`[data-letter="${id}"] details[open]`).count(), 1);
}, /403/);
