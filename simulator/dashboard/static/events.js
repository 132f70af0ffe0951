// The newest events of the world, the newest first, as they come.
import { follow, read } from "./stream.js";

const MOST_ROWS = 500;
const rows = document.getElementById("events"), filter = document.getElementById("filter"), pause = document.getElementById("pause");
let held = [];

const fits = (row) => row.textContent.toLowerCase().includes(filter.value.trim().toLowerCase());

function cell(row, text, kind) {
  const made = row.insertCell();
  made.className = kind;
  made.append(text);
}

function rowOf(event) {
  const row = document.createElement("tr"), name = document.createElement("th"), data = document.createElement("code");
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
  cell(row, data, "");
  row.hidden = !fits(row);
  return row;
}

function show(events) {
  rows.prepend(...events.map(rowOf).reverse());
  while (rows.rows.length > MOST_ROWS) rows.lastElementChild.remove();
}

filter.addEventListener("input", () => { for (const row of rows.rows) row.hidden = !fits(row); });
pause.addEventListener("change", () => {
  if (pause.checked) return;
  show(held);
  held = [];
});
follow(read("since"), "", read("words"), (events) => {
  if (pause.checked) held = [...held, ...events].slice(-MOST_ROWS);
  else show(events);
});
