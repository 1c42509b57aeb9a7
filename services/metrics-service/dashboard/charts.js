// The charts: one question to the service for all of them, and uPlot to draw. Values are read by the pointer or with the arrow
// keys.

import { ask } from "./api.js";
import { byId, el, setText } from "./dom.js";
import { clockTime, count, duration, minuteTime, rate } from "./format.js";

const REFRESH_MS = 5_000;
const HEIGHT = 190;

const plain = (number) => number.toLocaleString("en", { maximumFractionDigits: 2 });
/** Distances between two lines of the grid, where there is nothing between 1 and 2. */
const WHOLE = Array.from({ length: 10 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

const CHARTS = [
  {
    id: "rates",
    title: "Orders per second",
    format: rate,
    axis: plain,
    overall: "orders of the",
    series: [
      ["accepted_per_s", "in", "--blue"],
      ["completed_per_s", "completed", "--green"],
      ["failed_per_s", "failed", "--red"],
    ],
  },
  {
    id: "durations",
    title: "End to end, from accepted to finished",
    format: duration,
    axis: duration,
    overall: "of the",
    series: [
      ["p50_s", "p50", "--blue"],
      ["p95_s", "p95", "--violet"],
      ["p99_s", "p99", "--amber"],
    ],
  },
  {
    id: "queue",
    title: "The queue",
    format: count,
    axis: plain,
    steps: WHOLE,
    overall: "now, and in the",
    series: [
      ["waiting", "not yet delivered", "--blue"],
      ["in_progress", "in progress", "--green"],
      ["delayed", "delayed", "--amber"],
      ["dead", "dead", "--red"],
    ],
  },
  {
    id: "oldest",
    title: "Oldest waiting",
    format: duration,
    axis: duration,
    overall: "now, and in the",
    series: [["oldest_waiting_s", "has waited for", "--violet"]],
  },
];

const SHORT = { "15m": "15 minutes", "1h": "1 hour", "24h": "1 day" };
const WINDOWS = { "15m": "last 15 minutes", "1h": "last hour", "24h": "last day" };

let history = null;
let chosen = "15m";
const drawn = new Map();

/** Begins; `redraw` is to be called when colours change. */
export function charts() {
  byId("charts").append(...CHARTS.map(frame));
  byId("window").addEventListener("change", (event) => {
    chosen = event.target.value;
    load();
  });
  new ResizeObserver(resize).observe(byId("charts"));
  load();
  setInterval(() => document.hidden || load(), REFRESH_MS);
  document.addEventListener("visibilitychange", () => document.hidden || load());
}

/** The 95th percentile of the chosen window in seconds, and the window's name. */
export const latest = () => ({ p95: history?.summary.p95_s, window: SHORT[chosen] });

/** Draws everything anew. */
export function redraw() {
  for (const plot of drawn.values()) plot.destroy();
  drawn.clear();
  draw();
}

async function load() {
  const asked = chosen;
  try {
    const answer = await ask(`history?window=${asked}`);
    if (asked !== chosen) return;
    history = answer;
    draw();
  } catch {
    // The last ones stay; that there is no connection is said at the top.
  }
}

function frame(chart) {
  const values = chart.series.map(([key, label]) =>
    el("div", { "data-series": key }, el("dt", {}, el("i", { class: "dot", "aria-hidden": "true" }), label), el("dd")),
  );
  const canvas = el("div", { class: "canvas", tabindex: "0", role: "img", "aria-label": chart.title });
  canvas.addEventListener("keydown", (event) => step(chart.id, event));
  canvas.addEventListener("blur", () => drawn.get(chart.id)?.setCursor({ left: -10, top: -10 }));
  return el(
    "figure",
    { class: "card chart", "data-chart": chart.id },
    el("figcaption", { class: "head" }, el("h2", {}, chart.title), el("p", { class: "muted at" })),
    el("dl", { class: "legend" }, ...values),
    canvas,
  );
}

const frameOf = (chart) => byId("charts").querySelector(`[data-chart="${chart.id}"]`);

function draw() {
  if (!history) return;
  for (const chart of CHARTS) {
    const data = [history.time, ...chart.series.map(([key]) => history[key])];
    const plot = drawn.get(chart.id);
    if (plot) plot.setData(data);
    else drawn.set(chart.id, new uPlot(options(chart), data, frameOf(chart).querySelector(".canvas")));
    legend(chart, drawn.get(chart.id).cursor.idx);
  }
}

function options(chart) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const series = chart.series.map(([, label, name]) => ({
    label,
    stroke: colour(name),
    width: 2,
    fill: chart.series.length === 1 ? `${colour(name)}22` : undefined,
    points: { show: alone },
  }));
  return {
    width: widthOf(chart),
    height: HEIGHT,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 8 } },
    scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : chart.steps ? 5 : 1] } },
    axes: [
      { ...axis, space: 70, size: 28, values: (_plot, times) => times.map((time) => minuteTime(time * 1e3)) },
      { ...axis, size: 62, ...(chart.steps && { incrs: chart.steps }), values: (_plot, numbers) => numbers.map(chart.axis) },
    ],
    series: [{}, ...series],
    hooks: { setCursor: [(plot) => legend(chart, plot.cursor.idx)] },
  };
}

/** A value between two unknown ones has no line: it needs a point to be seen. */
function alone(plot, index, from, to) {
  const values = plot.data[index].slice(from, to + 1);
  return values.filter((value) => value != null).length < 3;
}

/** The values at the pointer; without one, the last ones that are known. */
function legend(chart, index) {
  const frame = frameOf(chart);
  const isChosen = index != null && index >= 0;
  for (const [key, , colour] of chart.series) {
    const shown = frame.querySelector(`[data-series="${key}"]`);
    shown.querySelector(".dot").style.backgroundColor = `var(${colour})`;
    setText(shown.querySelector("dd"), value(chart, key, index));
  }
  const at = isChosen ? clockTime(history.time[index] * 1e3) : `${chart.overall} ${WINDOWS[chosen]}`;
  setText(frame.querySelector(".at"), at);
  const values = chart.series.map(([key, label]) => `${label} ${value(chart, key, index)}`);
  frame.querySelector(".canvas").setAttribute("aria-label", `${chart.title}, ${at}: ${values.join(", ")}`);
}

/** At a place of the chart; without one, of the whole window, where there is a number for it: orders in all, percentiles of all.
    Else the newest. */
function value(chart, key, index) {
  if (index != null && index >= 0) return chart.format(history[key][index]);
  const { summary } = history;
  if (key in summary) return chart.format(summary[key]);
  const event = key.replace(/_per_s$/, "");
  if (event in summary) return count(summary[event]);
  return chart.format(history[key].findLast((known) => known != null));
}

/** The arrow keys move from value to value. */
function step(id, event) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const plot = drawn.get(id);
  if (!by || !plot) return;
  event.preventDefault();
  const last = plot.data[0].length - 1;
  const index = Math.min(last, Math.max(0, (plot.cursor.idx ?? (by < 0 ? last + 1 : -1)) + by));
  plot.setCursor({ left: plot.valToPos(plot.data[0][index], "x"), top: 10 });
}

function widthOf(chart) {
  return Math.max(200, Math.floor(frameOf(chart).querySelector(".canvas").clientWidth));
}

function resize() {
  for (const chart of CHARTS) drawn.get(chart.id)?.setSize({ width: widthOf(chart), height: HEIGHT });
}
