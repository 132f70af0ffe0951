// The newest events of the world, the newest first, as they come. Only the rows that can be seen are in the page.
import { follow, read } from "./stream.js";

const MOST_EVENTS = 5000;
// That are kept to be filtered and scrolled through.
const ROW_PIXELS = 26, SPARE_ROWS = 15;
const words = read("words"), body = document.getElementById("events"), box = document.getElementById("box");
const filter = document.getElementById("filter"), pause = document.getElementById("pause");
let held = [], waiting = 0;

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

function rowOf(event, at) {
  const row = document.createElement("tr"), name = document.createElement("th"), data = document.createElement("code");
  row.setAttribute("aria-rowindex", at + 2);
  row.dataset.id = event.id;
  cell(row, event.id, "mono");
  cell(row, (event.time || "").slice(0, 23), "mono");
  cell(row, event.party, "");
  name.scope = "row";
  name.textContent = event.name;
  row.append(name);
  cell(row, (event.vm || "").split("/").pop(), "");
  const link = document.createElement("a");
  if (event.job) Object.assign(link, { href: `/_page/jobs/${encodeURIComponent(event.job)}`, textContent: event.job.slice(0, 8) });
  cell(row, event.job ? link : "", "");
  data.textContent = JSON.stringify(event.data);
  data.title = data.textContent;
  cell(row, data, "");
  return row;
}

function spacer(rows) {
  const row = document.createElement("tr"), made = row.insertCell();
  row.className = "spacer";
  row.setAttribute("aria-hidden", "true");
  made.colSpan = 7;
  made.style.height = `${rows * ROW_PIXELS}px`;
  return row;
}

function draw() {
  waiting = 0;
  const count = Math.ceil(box.clientHeight / ROW_PIXELS) + 2 * SPARE_ROWS;
  const first = Math.max(0, Math.min(chosen.length - count, Math.floor(box.scrollTop / ROW_PIXELS) - SPARE_ROWS));
  const shown = chosen.slice(first, first + count), focused = document.activeElement?.closest?.("tr[data-id]")?.dataset.id;
  box.querySelector("table").setAttribute("aria-rowcount", chosen.length + 1);
  body.replaceChildren(spacer(first), ...shown.map((event, at) => rowOf(event, first + at)), spacer(chosen.length - first - shown.length));
  if (focused) body.querySelector(`tr[data-id="${focused}"] a`)?.focus({ preventScroll: true });
}

function show(more) {
  // Who has scrolled down stays where he reads.
  const newer = [...more].reverse(), fit = fitting(newer);
  events = [...newer, ...events].slice(0, MOST_EVENTS);
  chosen = [...fit, ...chosen].slice(0, MOST_EVENTS);
  if (box.scrollTop > ROW_PIXELS) box.scrollTop += fit.length * ROW_PIXELS;
  waiting ||= requestAnimationFrame(draw);
}

box.classList.add("windowed", "lines");
filter.addEventListener("input", () => {
  chosen = fitting(events);
  box.scrollTop = 0;
  draw();
});
pause.addEventListener("change", () => {
  if (pause.checked) return;
  show(held);
  held = [];
});
box.addEventListener("scroll", () => { waiting ||= requestAnimationFrame(draw); });
draw();
follow(read("since"), "", words, (more) => {
  if (pause.checked) held = [...held, ...more].slice(-MOST_EVENTS);
  else show(more);
});
