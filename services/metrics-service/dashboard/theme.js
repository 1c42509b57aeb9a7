// Light, dark, or as the system has it.

import { byId, setText } from "./dom.js";

const KEY = "orderflow-theme";
const NEXT = { auto: "light", light: "dark", dark: "auto" };

/** Calls `changed` whenever colours change. */
export function themes(changed) {
  const button = byId("theme");
  let chosen = localStorage.getItem(KEY) ?? "auto";
  const show = () => {
    if (chosen === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
    setText(button, `Theme: ${chosen}`);
    changed();
  };
  button.addEventListener("click", () => {
    chosen = NEXT[chosen] ?? "auto";
    localStorage.setItem(KEY, chosen);
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  show();
}
