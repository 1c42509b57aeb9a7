// Dead letters: seen by anybody, sent again by whoever knows the key, after being asked.

import { assert, isAccessible, look, picture, words } from "./browser.mjs";

const [key] = words;

await look(async (page) => {
  const letter = page.locator("[data-letter]");
  await letter.waitFor();
  await letter.locator("summary").click();
  await letter.getByText("<script>alert(1)</script>").waitFor();
  await isAccessible(page);
  const id = await letter.getAttribute("data-letter");
  const asked = [];
  page.on("request", (request) => request.method() === "POST" && asked.push(request.url()));

  // A wrong key: asked for, sent, refused, forgotten.
  const again = page.getByRole("button", { name: "Send again …" });
  await again.click();
  await page.getByLabel("Key", { exact: true }).fill("not the key of today");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Send this message again?" }).getByRole("button", { name: "Send again" }).click();
  await page.locator("#dead-note", { hasText: "this is not the admin key" }).waitFor();
  assert.equal(asked.length, 1);

  // The right one; and who thinks better of it sends nothing.
  await again.click();
  const dialog = page.getByRole("dialog", { name: "Admin key" });
  await dialog.waitFor();
  await picture(page, "admin-key");
  await page.getByLabel("Key", { exact: true }).fill(key);
  await page.getByRole("button", { name: "Unlock", exact: true }).click();
  const question = page.getByRole("dialog", { name: "Send this message again?" });
  await question.getByText(id).waitFor();
  await picture(page, "redrive");
  await question.getByRole("button", { name: "Cancel" }).click();
  assert.equal(asked.length, 1);

  await again.click();
  await question.getByRole("button", { name: "Send again" }).click();
  await page.locator("#dead-note", { hasText: `Sent again: ${id}` }).waitFor();
  assert.equal(asked.length, 2);
  // No worker understands it this time either: it is another dead letter.
  await page.waitForFunction((before) => {
    const letters = [...document.querySelectorAll("[data-letter]")];
    return letters.length === 1 && letters[0].dataset.letter !== before;
  }, id);

  // Kept for this tab only, and given up on request.
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage).includes("key of the day")), false);
  await page.getByRole("button", { name: "Lock" }).click();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
}, /401/);
