// The admin key: typed by a person, kept for this tab, sent only with what needs it.

import { ask } from "./api.js";
import { byId, setText } from "./dom.js";

const KEY = "orderflow-admin-key";
const button = byId("admin");
const dialog = byId("key-dialog");
const input = byId("key");
let answered = () => {};

const key = () => sessionStorage.getItem(KEY);

/** Whether the service has a key at all. */
export function offer(canRedrive) {
  button.hidden = !canRedrive;
  setText(button, key() ? "Lock" : "Read-only: unlock");
}

/** Asks for the key if need be, and whether it is there then. */
export async function unlocked() {
  return Boolean(key()) || (await askForKey());
}

/** Asks for something that needs the key. A wrong one is forgotten. */
export async function askAsAdmin(path, options) {
  try {
    return await ask(path, { ...options, headers: { "X-Admin-Key": key() ?? "" } });
  } catch (refused) {
    if (refused.code === "wrong_admin_key") {
      sessionStorage.removeItem(KEY);
      offer(true);
    }
    throw refused;
  }
}

function askForKey() {
  input.value = "";
  dialog.showModal();
  return new Promise((resolve) => {
    answered = resolve;
  });
}

button.addEventListener("click", () => {
  if (key()) {
    sessionStorage.removeItem(KEY);
    offer(true);
  } else {
    askForKey();
  }
});
byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, input.value);
  offer(true);
  answered(true);
  dialog.close();
});
byId("key-cancel").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  input.value = "";
  answered(false);
});
