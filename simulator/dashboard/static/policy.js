// The form of a policy: what it comes to is asked for again when a field has changed.
import { ask, read, serveButtons } from "./stream.js";

const QUIET_MILLISECONDS = 400;
// After the last key, so that a number is not asked about digit by digit.
const form = document.getElementById("policy"), preview = document.getElementById("preview");
let timer = 0, newest = 0;

async function refresh() {
  const number = ++newest;
  const query = new URLSearchParams(new FormData(form));
  let text;
  try {
    text = await (await ask("GET", `parts/policy?${query}`)).text();
  } catch (error) {
    const told = document.createElement("p");
    Object.assign(told, { className: "bad", textContent: error.message });
    text = told.outerHTML;
  }
  if (number !== newest) return; // a later question was asked meanwhile
  const open = new Set([...preview.querySelectorAll("details[open]")].map((each) => each.dataset.key));
  preview.innerHTML = text;
  for (const each of preview.querySelectorAll("details")) each.open = open.has(each.dataset.key);
  preview.dataset.shown = number;
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(refresh, QUIET_MILLISECONDS);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(timer);
  refresh();
});
serveButtons(read("words"));
