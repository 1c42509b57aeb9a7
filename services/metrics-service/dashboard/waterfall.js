// An order's timeline as a waterfall, with the names that its trace has for the same things.

import { el } from "./dom.js";
import { clockTime, duration } from "./format.js";

const STEP_WORDS = { accepted: "accepted", refused: "refused", unavailable: "no usable answer" };

/** The rows and what belongs to them, as elements. */
export function waterfall(order, events) {
  const { rows, trace } = rowsOf(events);
  const begin = Math.min(...rows.map((row) => row.from));
  const end = Math.max(...rows.map((row) => row.until), begin + 1);
  const caption = `Accepted at ${clockTime(begin / 1e3)}, ${duration((end - begin) / 1e6)} from there to ${
    ["pending", "processing"].includes(order.status) ? "the newest event" : "the end"
  }.`;
  return [
    el("p", { class: "muted" }, caption),
    el("ol", { class: "waterfall", "aria-label": "Timeline" }, ...rows.map((row) => bar(row, begin, end))),
    trace
      ? el("p", { class: "trace" }, "Trace id: ", el("code", { id: "trace-id" }, trace))
      : el("p", { class: "muted" }, "No trace id: the order came without one, and telemetry.otlp_endpoint is not set."),
  ];
}

/** Times are microseconds. */
function rowsOf(events) {
  const rows = [];
  let trace = null;
  // Since when it waits, and for what.
  let waits = null;
  for (const { type, time, data } of events) {
    const at = micros(time);
    if (type === "order.placed") {
      rows.push({ name: "Accepted", span: "order.place", from: at, until: at, kind: "moment" });
      waits = { from: at, name: "Waiting for a worker" };
    } else if (type === "order.processing") {
      trace = data.trace_id ?? trace;
      published(rows, waits, data, at);
      rows.push({ name: `Attempt ${data.attempt}`, note: data.worker, span: "order.process", from: at, until: at, kind: "attempt", open: true });
      waits = null;
    } else if (type === "order.completed" || type === "order.failed" || type === "order.retrying") {
      ends(rows, data, at);
      if (type === "order.retrying") {
        waits = { from: at, name: `Waiting for attempt ${data.attempt + 1}`, due: micros(data.due_at), why: reason(data) };
      } else {
        const name = type === "order.completed" ? "Completed" : "Failed";
        rows.push({ name, note: data.reason && reason(data), span: type, from: at, until: at, kind: "moment", bad: type === "order.failed" });
      }
    } else if (type === "order.compensated") {
      rows.push({ name: "Undone", note: data.worker, span: "order.compensate", from: at, until: at, kind: "moment" });
      steps(rows, data.steps, "undo of ");
    } else if (type === "order.cancelled") {
      rows.push({ name: "Cancelled", span: type, from: at, until: at, kind: "moment" });
    }
  }
  if (waits) rows.push({ ...waiting(waits, waits.due ?? waits.from), open: true });
  return { rows, trace };
}

/** From the outbox to a worker: published, and waited. */
function published(rows, waits, data, at) {
  if (!waits) return;
  const when = data.published_at ? Math.min(at, Math.max(waits.from, micros(data.published_at))) : null;
  if (when == null || waits.due) {
    rows.push(waiting(waits, at));
    return;
  }
  rows.push({ name: "Published", note: "from the outbox to the stream", span: "order.publish", from: waits.from, until: when, kind: "wait" });
  rows.push({ ...waiting(waits, at), from: when });
}

const waiting = ({ from, name, why }, until) => ({ name, note: why, from, until, kind: "wait" });

/** The attempt under way ends here. One that was never announced is known by its steps. */
function ends(rows, data, at) {
  let attempt = rows.findLast((row) => row.kind === "attempt" && row.open);
  if (!attempt) {
    const from = data.started_at ? micros(data.started_at) : at;
    attempt = { name: `Attempt ${data.attempt}`, note: data.worker, span: "order.process", from, kind: "attempt" };
    rows.push(attempt);
  }
  attempt.until = at;
  attempt.open = false;
  attempt.bad = Boolean(data.reason);
  steps(rows, data.steps, "");
}

function steps(rows, steps, prefix) {
  for (const step of steps) {
    const from = micros(step.started_at);
    rows.push({
      name: `${prefix}${step.step}`,
      note: STEP_WORDS[step.outcome] ?? step.outcome,
      span: `step.${step.step}`,
      from,
      until: from + step.duration_us,
      kind: "step",
      bad: step.outcome !== "accepted",
    });
  }
}

const reason = (data) => `${data.reason.code}: ${data.reason.message}`;

function bar(row, begin, end) {
  const percent = (at) => ((at - begin) / (end - begin)) * 100;
  const took = row.open ? "under way" : row.kind === "moment" ? `+${duration((row.from - begin) / 1e6)}` : duration((row.until - row.from) / 1e6);
  const shape = el("span", { class: "bar" });
  shape.style.left = `${Math.min(percent(row.from), 99.5)}%`;
  shape.style.width = `${Math.max(percent(row.until) - percent(row.from), 0)}%`;
  return el(
    "li",
    { "data-kind": row.kind, "data-bad": String(Boolean(row.bad)), "data-span": row.span ?? "" },
    el("span", { class: "name" }, row.name, row.note && el("span", { class: "muted" }, ` ${row.note}`)),
    el("span", { class: "track", "aria-hidden": "true", title: row.span ?? row.name }, shape),
    el("span", { class: "took" }, took),
  );
}

/** Of a time with six digits, of which Date keeps three. */
function micros(time) {
  const digits = /\.(\d+)/.exec(time)?.[1] ?? "";
  const second = Date.parse(time.replace(/\.\d+/, "")) * 1e3;
  return second + Number(digits.padEnd(6, "0").slice(0, 6));
}
