// A busy system: numbers and charts, read by pointer and by keyboard; light and dark.

import { assert, isAccessible, look, picture } from "./browser.mjs";

await look(async (page) => {
  const value = (tile) => page.locator(`[data-tile="${tile}"] .value`);
  await page.locator('#connection[data-state="live"]').waitFor();
  await page.waitForFunction(() => Number.parseFloat(document.querySelector('[data-tile="out"] .value').textContent) > 0);
  await page.locator('[data-worker="order-processor-1"] [data-state="working"], [data-worker="order-processor-1"] [data-state="waiting"]').waitFor();
  assert.match(await value("waiting").textContent(), /^\d/);

  // The shop refuses some orders, and each says why.
  await page.locator("#failures", { hasText: "payment_refused" }).waitFor();

  // Something is drawn, and its values are shown where the pointer is.
  const rates = page.locator('[data-chart="rates"]');
  await page.waitForFunction(() => Number.parseFloat(document.querySelector('[data-series="completed_per_s"] dd')?.textContent) > 0);
  await page.locator('[data-series="p99_s"] dd', { hasText: /s$/ }).waitFor();
  assert.equal(await rates.locator(".at").textContent(), "orders of the last 15 minutes");
  const canvas = rates.locator(".u-over");
  const { width, height } = await canvas.boundingBox();
  await canvas.hover({ position: { x: width - 2, y: height / 2 } });
  const at = await rates.locator(".at").textContent();
  assert.match(at, /^\d\d:\d\d:\d\d$/);
  const shown = await rates.locator('[data-series="accepted_per_s"] dd').textContent();
  assert(Number.parseFloat(shown) > 0, `accepted: ${shown}`);

  // The same with the keyboard.
  await page.mouse.move(0, 0);
  await rates.locator(".canvas").focus();
  await page.keyboard.press("ArrowLeft");
  const last = await rates.locator(".at").textContent();
  assert.match(last, /^\d\d:\d\d:\d\d$/);
  await page.keyboard.press("ArrowLeft");
  assert.notEqual(await rates.locator(".at").textContent(), last);

  // Whatever can be done is reached by the tabulator, in the order of the page.
  await page.locator(".skip").focus();
  const reached = [];
  while (!reached.includes("order-id") && reached.length < 60) {
    reached.push(await page.evaluate(() => document.activeElement.id || document.activeElement.name || document.activeElement.className));
    await page.keyboard.press("Tab");
  }
  for (const [before, after] of [["skip", "window"], ["window", "theme"], ["theme", "canvas"], ["canvas", "order-id"]]) {
    assert(reached.includes(before) && reached.indexOf(before) < reached.indexOf(after), `${before}, ${after}: ${reached}`);
  }

  // The switch of the window.
  await page.getByRole("radio", { name: "1 day" }).check();
  await rates.locator(".at", { hasText: "last day" }).waitFor();
  await page.getByRole("radio", { name: "15 min" }).check();

  await isAccessible(page);

  // The switch of the theme wins over the system.
  await page.getByRole("button", { name: "Theme: auto" }).click();
  await page.getByRole("button", { name: "Theme: light" }).click();
  const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(dark, "rgb(14, 19, 26)");
  await page.getByRole("button", { name: "Theme: dark" }).click();

  await page.mouse.move(0, 0);
  await picture(page, "busy");
});
