// Keeps a view as the world is: it is asked for again when an event says that something may have changed.
import { showInWindow } from "./rows.js";
import { ask, follow, read, serveButtons } from "./stream.js";

const LEAST_MILLISECONDS = 500;
const words = read("words"), part = document.getElementById("part");
const changes = new Set(part.dataset.changes.split(" "));
// The first parts of the names of events.
let asking = false, again = false;

function showRows(places) {
  for (const box of part.querySelectorAll(".scroll")) showInWindow(box, places.get(box.getAttribute("aria-labelledby")) || 0);
}

// The focus, how far lists are scrolled, what was chosen and not yet sent, and which details are open, stay as they are.
function replace(text) {
  const keyOf = (element) => element?.closest("[data-key]")?.dataset.key;
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const key = keyOf(focused), isSummary = focused?.matches("summary");
  const open = new Set([...part.querySelectorAll("details[open]")].map(keyOf));
  const chosen = new Map([...part.querySelectorAll("select[data-key], input[data-key]")].map((field) => [field.dataset.key, field.value]));
  const places = new Map([...part.querySelectorAll(".scroll")].map((box) => [box.getAttribute("aria-labelledby"), box.scrollTop]));
  part.innerHTML = text;
  showRows(places);
  for (const log of part.querySelectorAll("[role=log]")) log.scrollTop = log.scrollHeight;
  for (const [name, value] of chosen) {
    const field = part.querySelector(`[data-key="${CSS.escape(name)}"]`);
    if (field && [...(field.options || [{ value }])].some((option) => option.value === value)) field.value = value;
  }
  for (const element of part.querySelectorAll("[data-key]")) {
    if (open.has(element.dataset.key)) element.open = true;
    if (key && element.dataset.key === key) (isSummary ? element.querySelector("summary") : element).focus();
  }
}

async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    replace(await (await ask("GET", part.dataset.source)).text());
  } finally {
    setTimeout(() => {
      asking = false;
      if (again) { again = false; refresh(); }
    }, LEAST_MILLISECONDS);
  }
}

serveButtons(words);
showRows(new Map());
follow(read("since"), "", words, (events) => { if (events.some((event) => changes.has(event.name.split(".")[0]))) refresh(); });
