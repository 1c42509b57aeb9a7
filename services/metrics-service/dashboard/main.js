// The page, put together.

import { offer } from "./admin.js";
import { charts, redraw } from "./charts.js";
import { deadLetters } from "./dead.js";
import { byId, setText } from "./dom.js";
import { clockTime, duration } from "./format.js";
import { follow } from "./live.js";
import { lookUp, lookUps } from "./lookup.js";
import { curl, show } from "./now.js";
import { themes } from "./theme.js";

const connection = byId("connection");

function heard(now) {
  document.body.classList.remove("stale");
  byId("lost").hidden = true;
  connection.dataset.state = "live";
  setText(connection, "Live");
  show(now, lookUp);
  offer(now.can_redrive);
  // Without Redis nobody can tell which there are.
  letters.changed(now.queue?.fresh ? now.queue.dead : null, now.can_redrive);
}

function lost(last) {
  document.body.classList.add("stale");
  const banner = byId("lost");
  banner.hidden = false;
  setText(banner.querySelector(".what"), `Disconnected since ${clockTime(last)}: metrics-service does not answer.`);
  const seconds = Math.round((Date.now() - last) / 1e3);
  setText(banner.querySelector(".detail"), `The last numbers came ${duration(seconds)} ago. Orders may well go on.`);
  connection.dataset.state = "lost";
  setText(connection, "Disconnected");
}

byId("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(curl());
    setText(byId("copied"), "Copied.");
  } catch {
    setText(byId("copied"), "This browser does not let a page copy: select the text.");
  }
});

const letters = deadLetters();
charts();
themes(redraw);
lookUps();
follow(heard, lost);
