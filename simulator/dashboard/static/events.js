// The newest events of the world, the newest first, as they come. Only the rows that can be seen are in the page.
import { follow, read } from "./stream.js";

const MOST_EVENTS = 5000;
// That are kept to be filtered and scrolled through.
const ROW_PIXELS = 26, SPARE_ROWS = 8;
const LONGEST_DATA = 300;
// Characters in a row; the detail of an event has all.
const REST_FACTOR = 10, LONGEST_REST_MILLISECONDS = 2000;
// After a drawing, by how long it took: a browser that is slow draws less often, and stays usable.
const words = read("words"), body = document.getElementById("events"), box = document.getElementById("box");
const filter = document.getElementById("filter"), pause = document.getElementById("pause");
const detail = document.getElementById("detail"), above = spacer(), below = spacer();
let held = [], waiting = 0, rows = new Map();
// The rows that are in the page, by the numbers of their events.
let newer = 0, isDue = false, rested = 0;
// How many events came since the last drawing; whether one is to be drawn, and from when on.

const textOf = (event) => `${event.id} ${event.time || ""} ${event.party} ${event.name} ${event.vm || ""} ${event.job || ""} ${JSON.stringify(event.data)}`.toLowerCase();
let events = read("first").events, chosen = events;
// The newest first; what of them fits the filter.

function fitting(of) {
  const wanted = filter.value.trim().toLowerCase();
  return wanted ? of.filter((event) => textOf(event).includes(wanted)) : of;
}

function cell(row, text, kind) {
  const made = row.insertCell();
  made.className = kind;
  made.append(text);
}

function rowOf(event) {
  const row = document.createElement("tr"), name = document.createElement("th"), data = document.createElement("code");
  const number = document.createElement("button");
  Object.assign(number, { type: "button", className: "plain mono", textContent: event.id });
  number.setAttribute("aria-label", `${words.event_detail} ${event.id}`);
  number.addEventListener("click", () => showDetail(event));
  cell(row, number, "");
  cell(row, (event.time || "").slice(0, 23), "mono");
  cell(row, event.party, "");
  name.scope = "row";
  name.textContent = event.name;
  row.append(name);
  cell(row, (event.vm || "").split("/").pop(), "");
  const link = document.createElement("a");
  if (event.job) Object.assign(link, { href: `/_page/jobs/${encodeURIComponent(event.job)}`, textContent: event.job.slice(0, 8) });
  cell(row, event.job ? link : "", "");
  data.textContent = JSON.stringify(event.data).slice(0, LONGEST_DATA);
  cell(row, data, "");
  return row;
}

function spacer() {
  const row = document.createElement("tr"), made = row.insertCell();
  row.className = "spacer";
  row.setAttribute("aria-hidden", "true");
  made.colSpan = 7;
  return row;
}

// Rows that stay are not made anew.
function draw() {
  waiting = 0;
  // Who has scrolled down stays where he reads.
  const top = box.scrollTop, place = top > ROW_PIXELS ? top + newer * ROW_PIXELS : top;
  newer = 0;
  const count = Math.ceil(box.clientHeight / ROW_PIXELS) + 2 * SPARE_ROWS;
  const first = Math.max(0, Math.min(chosen.length - count, Math.floor(place / ROW_PIXELS) - SPARE_ROWS));
  const shown = chosen.slice(first, first + count);
  const kept = new Map(shown.map((event) => [event.id, rows.get(event.id) || rowOf(event)]));
  box.querySelector("table").setAttribute("aria-rowcount", chosen.length + 1);
  for (const [id, row] of rows) if (!kept.has(id)) row.remove();
  above.firstChild.style.height = `${first * ROW_PIXELS}px`;
  below.firstChild.style.height = `${(chosen.length - first - shown.length) * ROW_PIXELS}px`;
  let next = below, index = first + shown.length + 1;
  for (const row of [...kept.values()].reverse()) {
    if (row.nextSibling !== next) body.insertBefore(row, next);
    row.setAttribute("aria-rowindex", index--);
    next = row;
  }
  rows = kept;
  if (place !== top) box.scrollTop = place;
}

function drawSoon() {
  if (isDue) return;
  isDue = true;
  setTimeout(() => requestAnimationFrame(() => {
    const began = performance.now();
    isDue = false;
    draw();
    setTimeout(() => { // when it has been laid out and painted
      const took = performance.now() - began;
      rested = performance.now() + Math.min(REST_FACTOR * took, LONGEST_REST_MILLISECONDS);
    });
  }), Math.max(0, rested - performance.now()));
}

// All that an event says, by its number in the list.
function showDetail(event) {
  document.getElementById("detail-name").textContent = `${event.id} ${event.name}`;
  detail.querySelector("pre").textContent = JSON.stringify(event, null, 2);
  detail.showModal();
}

function show(more) {
  const come = [...more].reverse(), fit = fitting(come);
  events = [...come, ...events].slice(0, MOST_EVENTS);
  chosen = [...fit, ...chosen].slice(0, MOST_EVENTS);
  newer += fit.length;
  drawSoon();
}

box.classList.add("windowed", "lines");
filter.addEventListener("input", () => {
  chosen = fitting(events);
  newer = box.scrollTop = 0;
  draw();
});
pause.addEventListener("change", () => {
  if (pause.checked) return;
  show(held);
  held = [];
});
box.addEventListener("scroll", () => { waiting ||= requestAnimationFrame(draw); });
body.replaceChildren(above, below);
draw();
follow(read("since"), "", words, (more) => {
  if (pause.checked) held = [...held, ...more].slice(-MOST_EVENTS);
  else show(more);
});
