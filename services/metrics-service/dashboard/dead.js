// Dead letters: look at them, and have one sent again by whoever has the key.

import { askAsAdmin, unlocked } from "./admin.js";
import { ask } from "./api.js";
import { byId, el, setText } from "./dom.js";
import { fullTime } from "./format.js";

const list = byId("letters");
const note = byId("dead-note");
const more = byId("dead-more");
const dialog = byId("redrive-dialog");
const AGAIN_MS = 3_000;
let next = null;
let mayRedrive = false;
let chosen = null;

/** What is to be told how many there are, with each snapshot. */
export function deadLetters() {
  let seen = null;
  let asked = 0;
  more.addEventListener("click", () => load(next));
  byId("redrive-cancel").addEventListener("click", () => dialog.close());
  byId("redrive-form").addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close();
    redrive(chosen);
  });
  return {
    changed(dead, canRedrive) {
      if (dead == null) return;
      const isNews = dead !== seen || canRedrive !== mayRedrive;
      // One may have gone and another come between two looks, or the question had no answer.
      if (!isNews && (isComplete(dead) || Date.now() - asked < AGAIN_MS)) return;
      [seen, mayRedrive, asked] = [dead, canRedrive, Date.now()];
      load(null);
    },
  };
}

function isComplete(dead) {
  const shown = list.querySelectorAll("[data-letter]").length;
  return next == null ? shown === dead : shown < dead;
}

async function load(cursor) {
  try {
    const path = cursor ? `dead-letters?cursor=${encodeURIComponent(cursor)}` : "dead-letters";
    const page = await ask(path);
    setText(note, "");
    if (cursor) list.append(...page.dead_letters.map(letter));
    else renew(page.dead_letters);
    next = page.next_cursor;
    more.hidden = next == null;
    if (list.children.length === 0) list.append(el("li", { class: "muted none" }, "None."));
  } catch (refused) {
    setText(note, refused.message);
  }
}

/** Shows these. One that is there already stays as it is: a person may be reading it. */
function renew(letters) {
  const there = new Map([...list.children].map((item) => [item.dataset.shown, item]));
  const shown = letters.map((one) => there.get(key(one)) ?? letter(one));
  // Who is put in again loses the keyboard, even at the same place.
  const isSame = shown.length === list.children.length && shown.every((item, index) => item === list.children[index]);
  if (!isSame) list.replaceChildren(...shown);
}

/** What a letter looks like depends on this. */
const key = ({ id }) => `${id} ${mayRedrive}`;

function letter(letter) {
  const fields = letter.fields.flatMap(({ name, value }) => [el("dt", {}, name), el("dd", {}, el("code", {}, value))]);
  const again = el("button", { type: "button", onclick: () => confirm(letter.id) }, "Send again …");
  return el(
    "li",
    { "data-letter": letter.id, "data-shown": key(letter) },
    el(
      "details",
      {},
      el(
        "summary",
        {},
        el("span", { class: "nowrap" }, fullTime(Date.parse(letter.died_at))),
        " ",
        el("strong", {}, letter.reason),
        " ",
        el("span", { class: "muted id" }, letter.order_id ?? letter.id),
      ),
      el("dl", { class: "fields" }, el("dt", {}, "id"), el("dd", {}, el("code", {}, letter.id)), ...fields),
      el(
        "p",
        { class: "row" },
        mayRedrive
          ? again
          : el("span", { class: "muted" }, "This page only shows. To send it again, set dashboard.admin_key, or ask order-api: POST /dead-letters/{id}/redrive."),
      ),
    ),
  );
}

async function confirm(id) {
  if (!(await unlocked())) return;
  chosen = id;
  setText(byId("redrive-id"), id);
  dialog.showModal();
}

async function redrive(id) {
  try {
    await askAsAdmin(`dead-letters/${encodeURIComponent(id)}/redrive`, { method: "POST" });
    await load(null);
    setText(note, `Sent again: ${id}`);
  } catch (refused) {
    setText(note, `Not sent again: ${refused.message}`);
  }
}
