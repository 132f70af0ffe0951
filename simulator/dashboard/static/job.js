// The story of a job as it goes on: its events come by one stream, what ARM says of it is asked for when they change it.
import { showStory } from "./viewer.js";
import { ask, follow, read, serveButtons } from "./stream.js";

const words = read("words"), story = read("story"), disks = document.getElementById("disks");
const viewer = showStory(document.querySelector("main"), story, words);
const ENDED = /^(Completed|Failed|Cancelled|CompletedWithWarnings)/;
const MOST_EVENTS = 3000;
// Of a longer story the newest are shown; --json of the command has all.
let asking = false;

function showDisks() {
  const done = new Map();
  for (const { name, data } of story.events) {
    if (name === "transfer.progress") done.set(data.disk, { done: data.done_bytes, total: data.total_bytes });
    if (name === "transfer.disk_vaulted") done.set(data.disk, { done: data.transferred_bytes, total: data.transferred_bytes });
  }
  disks.replaceChildren(...[...done].map(([disk, { done: bytes, total }]) => {
    const label = document.createElement("label"), bar = document.createElement("progress");
    Object.assign(bar, { max: Math.max(total, 1), value: total ? bytes : 1 });
    label.append(`${disk}: ${mebibytes(bytes)} / ${mebibytes(total)} MiB `, bar);
    const line = document.createElement("div");
    line.append(label);
    return line;
  }));
}

const mebibytes = (bytes) => (bytes / 1048576).toFixed(1);

// What stands above the picture, as the page's server renders it.
async function refreshOutcome() {
  if (asking) return;
  asking = true;
  try {
    const text = await (await ask("GET", location.pathname)).text();
    const fresh = new DOMParser().parseFromString(text, "text/html");
    for (const id of ["outcome", "attempts"]) document.getElementById(id).replaceChildren(...fresh.getElementById(id).childNodes);
    for (const button of document.querySelectorAll("[data-while-running]")) {
      button.disabled = fresh.querySelector("[data-while-running]").disabled;
    }
  } finally {
    asking = false;
  }
}

// What the lectern does with the job: where it waits, and the freeze once more, slowly.
const border = document.getElementById("border");
function showLectern(events) {
  const last = events.findLast((event) => event.name === "lectern.held" || event.name === "lectern.went_on");
  if (last) border.textContent = last.name === "lectern.held" ? last.data.border : border.dataset.none;
  const isShown = story.events.some((event) => event.name === "lectern.held");
  if (isShown && events.some((event) => /^(vss|filesystem)\.thawed$/.test(event.name))) viewer.replayFreeze();
}

serveButtons(words);
showDisks();
const job = location.pathname.split("/").pop();
follow(story.last, `job=${job}&`, words, (events) => {
  const known = new Set(story.events.map((event) => event.id));
  story.events.push(...events.filter((event) => !known.has(event.id)));
  story.events.sort((a, b) => a.monotonic_seconds - b.monotonic_seconds || a.id - b.id);
  if (story.events.length > MOST_EVENTS) {
    story.events.splice(0, story.events.length - MOST_EVENTS);
    story.is_whole = false;
  }
  viewer.update(story);
  showDisks();
  showLectern(events);
  if (events.some((event) => event.name === "job.state" && ENDED.test(event.data.to))) refreshOutcome();
});
