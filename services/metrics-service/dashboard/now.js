// How it stands: health, the numbers of this moment, workers, failures.

import { latest } from "./charts.js";
import { byId, el, fill, setText } from "./dom.js";
import { clockTime, count, duration, rate } from "./format.js";

const STATUSES = ["pending", "processing", "completed", "failed", "cancelled"];
const LEVELS = { good: "Good", notice: "Notice", warning: "Warning", problem: "Problem" };
const STATES = {
  working: "working",
  waiting: "waiting for orders",
  silent: "not heard of",
  gone: "gone",
};

const TILES = [
  ["in", "Orders in", "per second", (now) => rate(now.rates.accepted)],
  ["out", "Orders out", "per second", (now) => rate(now.rates.completed + now.rates.failed)],
  ["waiting", "Not yet delivered", "stream lag", (now) => waiting(now.queue)],
  ["in_progress", "In progress", "in workers' hands", (now) => count(now.queue?.in_progress)],
  ["delayed", "Delayed", "wait for a retry", (now) => count(now.queue?.delayed)],
  ["dead", "Dead", "nobody can read", (now) => count(now.queue?.dead)],
  ["oldest", "Oldest waiting", "for a worker", (now) => oldest(now.queue)],
  ["p95", "End to end", () => `p95, ${latest().window}`, () => duration(latest().p95)],
];

/** Shows a snapshot. `lookUp` is called with the id of an order that somebody chose. */
export function show(now, lookUp) {
  health(now.findings);
  empty(now.findings);
  tiles(now);
  counts(now.counts);
  workers(now.workers);
  failures(now.failures, lookUp);
  setText(byId("version"), `Orderflow ${now.version}`);
  byId("tiles").classList.toggle("old", now.queue != null && !now.queue.fresh);
}

function health(findings) {
  fill(byId("health"), findings, () => {
    const [first, ...others] = findings;
    const main = el(
      "div",
      { class: "banner", "data-level": first.level, "data-code": first.code },
      el("span", { class: "badge" }, LEVELS[first.level]),
      el("h2", { class: "what" }, first.what),
      el("p", { class: "detail" }, first.detail),
      first.advice && el("p", { class: "advice" }, el("strong", {}, "What to do: "), first.advice),
    );
    const further = others.map((other) =>
      el(
        "li",
        { "data-level": other.level, "data-code": other.code },
        el("span", { class: "badge" }, LEVELS[other.level]),
        el("span", {}, `${other.what} ${other.detail} `, el("span", { class: "muted" }, other.advice)),
      ),
    );
    return further.length > 0 ? [main, el("ul", { class: "further" }, ...further)] : [main];
  });
  // Said once when it becomes so, and not again with each second that it lasts.
  const announce = byId("announce");
  if (announce.dataset.code !== findings[0].code) {
    announce.dataset.code = findings[0].code;
    setText(announce, findings[0].what);
  }
}

function empty(findings) {
  const isEmpty = findings[0].code === "no_orders";
  byId("empty").hidden = !isEmpty;
  if (isEmpty) setText(byId("curl"), curl());
}

/** order-api is behind the same address, unless the services run without anything before them. */
export function curl() {
  const { hostname, origin, port, protocol } = location;
  const api = port === "8001" ? `${protocol}//${hostname}:8000` : origin;
  return `curl -i ${api}/orders/ \\
  -H 'Content-Type: application/json' \\
  -d '{"user_id": "user-1", "item_ids": ["sku-1", "sku-2"], "total_amount": 99.99}'`;
}

function tiles(now) {
  const parent = byId("tiles");
  for (const [id, title, unit, value] of TILES) {
    let tile = parent.querySelector(`[data-tile="${id}"]`);
    if (!tile) {
      tile = el(
        "div",
        { class: "tile", "data-tile": id },
        el("h2", {}, title),
        el("p", { class: "value" }),
        el("p", { class: "muted unit" }),
      );
      parent.append(tile);
    }
    setText(tile.querySelector(".value"), value(now));
    setText(tile.querySelector(".unit"), typeof unit === "function" ? unit() : unit);
    tile.classList.toggle("bad", id === "dead" && now.queue?.dead > 0);
  }
}

function waiting(queue) {
  if (queue == null) return count(null);
  return `${queue.waiting_exact ? "" : "≤ "}${count(queue.waiting)}`;
}

function oldest(queue) {
  if (queue == null) return count(null);
  return queue.oldest_waiting_ms == null ? "none" : duration(queue.oldest_waiting_ms / 1e3);
}

function counts(counts) {
  setText(byId("total"), counts ? `${count(total(counts))} in all` : "");
  fill(byId("share"), counts, () =>
    STATUSES.filter((status) => counts?.[status] > 0).map((status) => {
      const part = el("span", { "data-status": status });
      part.style.flexGrow = counts[status] / total(counts);
      return part;
    }),
  );
  fill(byId("counts"), counts, () =>
    STATUSES.map((status) =>
      el(
        "div",
        { "data-status": status },
        el("dt", {}, el("i", { class: "dot", "aria-hidden": "true" }), status),
        el("dd", {}, count(counts?.[status])),
      ),
    ),
  );
}

const total = (counts) => STATUSES.reduce((sum, status) => sum + counts[status], 0);

function workers(workers) {
  const alive = workers.filter((worker) => worker.state === "working" || worker.state === "waiting").length;
  setText(byId("workers-note"), workers.length > 0 ? `${alive} running` : "");
  fill(byId("workers"), workers.map(shown), () => {
    if (workers.length === 0) {
      return [el("tr", {}, el("td", { colspan: 5, class: "muted" }, "No worker has taken an order yet."))];
    }
    return workers.map((worker) => {
      const [name, state, ...numbers] = shown(worker);
      return el(
        "tr",
        { "data-worker": name },
        el("th", { scope: "row" }, name),
        el("td", {}, el("span", { class: "chip", "data-state": state }, STATES[state])),
        ...numbers.map((number) => el("td", { class: "number" }, number)),
      );
    });
  });
}

function shown(worker) {
  const heard = worker.idle_ms < 1_000 ? "now" : `${duration(Math.round(worker.idle_ms / 1e3))} ago`;
  return [worker.name, worker.state, count(worker.in_hand), heard, rate(worker.per_second)];
}

function failures(failures, lookUp) {
  setText(byId("failures-note"), failures.length > 0 ? "The newest first" : "");
  fill(byId("failures"), failures, () => {
    if (failures.length === 0) {
      return [el("tr", {}, el("td", { colspan: 4, class: "muted" }, "None since metrics-service started."))];
    }
    return failures.map((failure) => {
      const open = () => lookUp(failure.order_id);
      const focus = `${failure.order_id}/${failure.attempt}`;
      const then = failure.due_at == null ? "failed" : `again at ${clockTime(failure.due_at)}`;
      return el(
        "tr",
        {},
        el("td", { class: "nowrap" }, clockTime(failure.at)),
        el("td", {}, el("button", { type: "button", class: "link id", "data-focus": focus, onclick: open }, shorten(failure.order_id))),
        el("td", { class: "words" }, el("code", {}, failure.code), ` ${failure.message}`),
        el("td", { class: "nowrap" }, then, el("br"), el("span", { class: "muted" }, `attempt ${failure.attempt}`)),
      );
    });
  });
}

/** The end of an id is what tells orders apart that came at the same time. */
const shorten = (id) => `${id.slice(0, 12)}…${id.slice(-8)}`;
