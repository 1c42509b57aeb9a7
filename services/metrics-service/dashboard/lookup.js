// One order by its id.

import { ask } from "./api.js";
import { byId, el, setText } from "./dom.js";
import { fullTime } from "./format.js";
import { waterfall } from "./waterfall.js";

const AGAIN_MS = 1_500;
const FINAL = ["completed", "failed", "cancelled"];
let wanted = null;

/** Makes the form work, and shows the order that the address names. */
export function lookUps() {
  byId("lookup-form").addEventListener("submit", (event) => {
    event.preventDefault();
    lookUp(byId("order-id").value.trim(), false);
  });
  const named = () => {
    const id = new URLSearchParams(location.hash.slice(1)).get("order");
    if (id && id !== wanted) lookUp(id);
  };
  addEventListener("hashchange", named);
  named();
}

/** Shows an order, and follows it until it is final. */
export async function lookUp(id, scroll = true) {
  wanted = id;
  byId("order-id").value = id;
  history.replaceState(null, "", `#order=${encodeURIComponent(id)}`);
  if (scroll) byId("lookup").scrollIntoView({ block: "start" });
  setText(byId("lookup-note"), "Asking …");
  await showUntilFinal(id);
}

async function showUntilFinal(id) {
  let found;
  try {
    found = await ask(`orders/${encodeURIComponent(id)}`);
  } catch (refused) {
    if (id !== wanted) return;
    byId("order").replaceChildren();
    setText(byId("lookup-note"), refused.code === "order_not_found" ? "There is no such order." : refused.message);
    return;
  }
  if (id !== wanted) return;
  const { order, events } = found;
  setText(byId("lookup-note"), "");
  byId("order").replaceChildren(summary(order), ...waterfall(order, events.events));
  const undoing = events.events.some((event) => event.data.compensating?.length > 0 && !isUndone(events.events));
  if (!FINAL.includes(order.status) || undoing) setTimeout(() => id === wanted && showUntilFinal(id), AGAIN_MS);
}

const isUndone = (events) => events.some((event) => event.type === "order.compensated");

function summary(order) {
  const facts = [
    ["Order", el("code", {}, order.order_id)],
    ["Status", el("span", { class: "chip", "data-status": order.status }, order.status)],
    ["Accepted", fullTime(Date.parse(order.created_at))],
    ["User", order.user_id],
    ["Items", order.item_ids.join(", ")],
    ["Amount", order.total_amount],
    ["Attempts", order.attempts],
  ];
  const reason = order.failure_reason;
  if (reason) facts.push([order.status === "failed" ? "Failed" : "Last failure", `${reason.code}: ${reason.message}`]);
  return el("dl", { class: "facts" }, ...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}
