// Keeps a view as the world is: it is asked for again when an event says that something may have changed.
import { giveBack, showInWindow, stateOf, updateRows, withoutRows } from "./rows.js";
import { ask, follow, read, serveButtons } from "./stream.js";

const LEAST_MILLISECONDS = 500, REST_FACTOR = 2;
// Between two answers; longer where an answer takes long, so that one page does not occupy the world.
const words = read("words"), part = document.getElementById("part");
const changes = new Set(part.dataset.changes.split(" "));
// The first parts of the names of events.
let asking = false, again = false, shown = null;

const boxName = (box) => box.getAttribute("aria-labelledby");
const placesIn = (root) => new Map([...root.querySelectorAll(".scroll")].map((box) => [boxName(box), box.scrollTop]));
const boxesOf = (root) => [...root.querySelectorAll("tbody[data-cut]")].map((body) => body.closest(".scroll"));
const aTurn = () => new Promise((done) => setTimeout(done));

function put(root, places, tables) {
  const boxes = boxesOf(root);
  boxes.forEach((box, at) => showInWindow(box, places.get(boxName(box)) || 0, tables[at]));
  for (const box of root.querySelectorAll(".scroll")) if (!boxes.includes(box)) box.scrollTop = places.get(boxName(box)) || 0;
  for (const log of root.querySelectorAll("[role=log]")) log.scrollTop = log.scrollHeight;
}

// How far lists are scrolled stays as it is, and so does what `stateOf` tells. Only sections that are others than before
// are exchanged, each in a turn of its own: who types or scrolls does not wait for the whole.
async function replace(text) {
  const before = shown, sections = [...part.querySelectorAll(":scope > section")];
  shown = text.split(/(?=<section )/).map(withoutRows);
  if (!before || !isAlike(before, shown, sections)) {
    const state = stateOf(part), places = placesIn(part);
    part.innerHTML = shown.map(({ shell }) => shell).join("");
    put(part, places, shown.flatMap(({ tables }) => tables));
    giveBack(part, state);
    return;
  }
  for (const [at, { shell, tables }] of shown.entries()) {
    if (at === 0) continue;
    const old = sections[at - 1];
    if (shell === before[at].shell) {
      boxesOf(old).forEach((box, each) => updateRows(box, tables[each]));
    } else {
      const state = stateOf(old), places = placesIn(old), holder = document.createElement("template");
      holder.innerHTML = shell;
      const fresh = holder.content.firstElementChild;
      old.replaceWith(fresh);
      put(fresh, places, tables);
      giveBack(fresh, state);
    }
    await aTurn();
  }
}

// Whether both have the same sections, and nothing between them.
function isAlike(before, after, sections) {
  return before.length === after.length && after.length === sections.length + 1 && before[0].shell === after[0].shell
    && after.slice(1).every(({ shell }) => shell.trimEnd().endsWith("</section>"));
}

async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  const began = performance.now();
  try {
    await replace(await (await ask("GET", part.dataset.source)).text());
  } catch (error) {
    shown = null; // it may be shown in part: the next answer is put in place as a whole
    throw error;
  } finally {
    setTimeout(() => {
      asking = false;
      if (again) { again = false; refresh(); }
    }, Math.max(LEAST_MILLISECONDS, REST_FACTOR * (performance.now() - began)));
  }
}

serveButtons(words);
for (const box of part.querySelectorAll(".scroll")) if (box.querySelector("table")) showInWindow(box);
follow(read("since"), "", words, (events) => { if (events.some((event) => changes.has(event.name.split(".")[0]))) refresh(); });
