// One order by its id: a completed one with a trace, a failed one, one that is not there.

import { assert, isAccessible, look, picture, say, words } from "./browser.mjs";

const [completed, failed, trace] = words;

await look(async (page) => {
  await page.locator('#connection[data-state="live"]').waitFor();
  const lookUp = async (id) => {
    await page.getByLabel("Order id").fill(id);
    await page.keyboard.press("Enter");
  };
  const rows = () => page.locator(".waterfall li").evaluateAll((all) =>
    all.map((row) => {
      const track = row.querySelector(".track").getBoundingClientRect();
      const bar = row.querySelector(".bar").getBoundingClientRect();
      return {
        span: row.dataset.span,
        bad: row.dataset.bad === "true",
        from: bar.left - track.left,
        until: bar.right - track.left,
        took: row.querySelector(".took").textContent,
      };
    }),
  );

  await lookUp(completed);
  await page.locator(".waterfall").waitFor();
  const way = await rows();
  // As its trace names them; without a name: it waited.
  assert.deepEqual(
    way.map((row) => row.span),
    ["order.place", "order.publish", "", "order.process", "step.stock", "step.payment", "step.fulfilment", "order.completed"],
  );
  say(way.map((row) => row.span).filter((span) => /^(step|order\.p)/.test(span)).join(" "));
  for (const row of way) assert.match(row.took, /^\+?[\d.]+ (s|ms|µs|min)$/, JSON.stringify(row));
  const [placed, , , attempt, ...rest] = way;
  const steps = rest.slice(0, 3);
  assert(placed.from < 1, "it begins with the acceptance");
  for (const step of steps) {
    assert(step.from >= attempt.from - 1 && step.until <= attempt.until + 4, "steps lie within their attempt");
  }
  assert(steps[0].from <= steps[1].from && steps[1].from <= steps[2].from, "one after the other");
  assert.equal(await page.locator("#trace-id").textContent(), trace);
  // What somebody ordered is shown as it is, and does nothing.
  await page.getByText("<img src=x onerror=alert(1)>").waitFor();
  assert.equal(await page.locator("#order img").count(), 0);
  await isAccessible(page);
  await picture(page, "lookup");

  // The address names it: it can be passed on.
  await page.reload();
  await page.locator("#trace-id", { hasText: trace }).waitFor();

  await lookUp(failed);
  await page.locator(".facts", { hasText: "payment_refused" }).waitFor();
  const refused = await rows();
  assert(refused.find((row) => row.span === "step.payment").bad);
  // Its stock was released.
  await page.locator('.waterfall [data-span="order.compensate"]').waitFor();
  await isAccessible(page);
  await picture(page, "lookup-failed");

  for (const id of ["ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b", "nonsense/../.."]) {
    await lookUp(id);
    await page.locator("#lookup-note", { hasText: "There is no such order." }).waitFor();
    assert.equal(await page.locator(".waterfall").count(), 0);
  }
}, /404/);
