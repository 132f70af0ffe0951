// Shows a story: the lanes with zoom and selection, a scrubber, the chosen event, and every event in a table.
import { draw, isBad, laneOf, LANES, shortLabel, windowLabel } from "./lanes.js";
import { startReplay } from "./replay.js";

const MOST_ROWS = 600;
// Rows of the table; of a longer story the newest are shown, and the recording has all.
const NARROWEST = 1e-5;

// `root` has the elements that `data-part` names. Returns {update(story), replayFreeze()}.
export function showStory(root, story, words) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const svg = part("lanes"), rows = part("rows"), chosen = part("chosen"), scrubber = part("until"), clock = part("until-time");
  const state = { story, view: { from: 0, to: 1 }, selected: null, until: null, drawn: null, rows: new Map(), replay: null };

  const shown = () => {
    const events = state.story.events;
    const last = state.until === null ? null : events[state.until];
    const kept = last ? events.filter((event) => event.monotonic_seconds <= last.monotonic_seconds) : events;
    return { ...state.story, events: kept };
  };

  function redraw() {
    state.drawn = draw(svg, shown(), state.view, state.selected, words);
    state.replay?.redrawn();
    svg.setAttribute("aria-label", summary(state.drawn, state.story, words));
    if (state.replay) return;
    const events = state.story.events, at = state.until ?? events.length - 1;
    scrubber.max = Math.max(0, events.length - 1);
    scrubber.value = at;
    const text = events.length ? since(events[0], events[at]) : "";
    clock.textContent = text;
    scrubber.setAttribute("aria-valuetext", text);
  }

  function select(id) {
    state.selected = id;
    const event = state.story.events.find((each) => each.id === id);
    chosen.textContent = event ? JSON.stringify(event, null, 2) : "";
    for (const [each, row] of state.rows) row.classList.toggle("selected", each === id);
    redraw();
  }

  function zoom(factor, middle = (state.view.from + state.view.to) / 2) {
    const length = Math.min(1, Math.max(NARROWEST, (state.view.to - state.view.from) * factor));
    const share = (middle - state.view.from) / (state.view.to - state.view.from);
    move(middle - share * length, length);
  }

  function move(from, length = state.view.to - state.view.from) {
    stopReplay();
    const begin = Math.min(Math.max(0, from), 1 - length);
    state.view = { from: begin, to: begin + length };
    redraw();
  }

  function showWindow() {
    const window = state.drawn.windows.findLast((each) => each.to !== null);
    if (!window) return;
    const from = state.drawn.axis.at(window.from), length = state.drawn.axis.at(window.to) - from;
    move(from - length * 0.15, Math.min(1, length * 1.3));
  }

  // Another view, or another press, ends it.
  function stopReplay() {
    state.replay?.stop();
  }

  function play() {
    if (state.replay) return stopReplay();
    state.until = null;
    redraw();
    const first = state.story.events[0];
    if (!first) return;
    const told = (seconds, slowed) => {
      const speed = slowed > 1 ? `1 : ${Math.round(slowed).toLocaleString("en")}` : `${(1 / slowed || 0).toFixed(1)} : 1`;
      clock.textContent = `${since(first, { monotonic_seconds: seconds })} (${speed})`;
    };
    const ended = () => {
      state.replay = null;
      part("play").textContent = words.play;
      redraw();
    };
    part("play").textContent = words.stop_playing;
    state.replay = startReplay(svg, state.drawn, state.view, told, ended);
  }

  function selectBeside(steps) {
    const events = state.story.events, at = events.findIndex((each) => each.id === state.selected);
    const next = events[at < 0 ? (steps > 0 ? 0 : events.length - 1) : Math.min(Math.max(at + steps, 0), events.length - 1)];
    if (!next) return;
    const place = state.drawn.axis.at(next.monotonic_seconds);
    if (place < state.view.from || place > state.view.to) move(place - (state.view.to - state.view.from) / 2);
    select(next.id);
    state.rows.get(next.id)?.scrollIntoView({ block: "nearest" });
  }

  const step = () => (state.view.to - state.view.from) / 4;
  const acts = {
    "zoom-in": () => zoom(0.6), "zoom-out": () => zoom(1 / 0.6), left: () => move(state.view.from - step()),
    right: () => move(state.view.from + step()), all: () => move(0, 1), freeze: showWindow,
    play, previous: () => selectBeside(-1), next: () => selectBeside(1),
  };
  const keys = { "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", ArrowLeft: "left", ArrowRight: "right", 0: "all", f: "freeze", " ": "play", ",": "previous", ".": "next" };
  for (const [name, act] of Object.entries(acts)) part(name).addEventListener("click", act);
  const stage = part("stage");
  stage.addEventListener("keydown", (press) => {
    const name = keys[press.key];
    if (!name || press.ctrlKey || press.metaKey || press.altKey) return;
    press.preventDefault();
    acts[name]();
  });
  scrubber.addEventListener("input", () => {
    stopReplay();
    const last = state.story.events.length - 1;
    state.until = Number(scrubber.value) >= last ? null : Number(scrubber.value);
    redraw();
  });
  chooseByPointer(svg, state, { select, move, zoom });
  new ResizeObserver(redraw).observe(stage);

  function update(next) {
    state.story = next;
    fillTable(rows, state, next, words, select);
    redraw();
  }
  function replayFreeze() {
    stopReplay();
    showWindow();
    play();
  }
  update(story);
  return { update, replayFreeze };
}

function chooseByPointer(svg, state, { select, move, zoom }) {
  let begin = null;
  const at = (pointer) => {
    const box = svg.getBoundingClientRect();
    return state.view.from + ((pointer.clientX - box.left) / box.width) * (state.view.to - state.view.from);
  };
  svg.addEventListener("pointerdown", (pointer) => { begin = at(pointer); });
  svg.addEventListener("pointerup", (pointer) => {
    const end = at(pointer), length = Math.abs(end - begin);
    if (begin !== null && length > (state.view.to - state.view.from) * 0.02) move(Math.min(begin, end), length);
    begin = null;
  });
  svg.addEventListener("click", (pointer) => {
    const mark = pointer.target.closest("[data-event]");
    if (mark) select(Number(mark.dataset.event));
  });
  svg.addEventListener("dblclick", () => move(0, 1));
  svg.addEventListener("wheel", (wheel) => {
    if (!wheel.ctrlKey) return;
    wheel.preventDefault();
    zoom(wheel.deltaY < 0 ? 0.8 : 1.25, at(wheel));
  }, { passive: false });
}

function fillTable(rows, state, story, words, select) {
  for (const event of story.events.slice(-MOST_ROWS)) {
    if (state.rows.has(event.id)) continue;
    const row = document.createElement("tr");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = event.name;
    button.addEventListener("click", () => select(event.id));
    const cells = [since(story.events[0], event), (event.time || "").replace("T", " ").slice(0, 23), words.lanes[laneOf(event)], button, shortLabel(event)];
    for (const cell of cells) row.insertCell().append(cell);
    if (isBad(event)) row.classList.add("bad");
    state.rows.set(event.id, row);
    rows.append(row);
  }
  for (const id of [...state.rows.keys()].slice(0, -MOST_ROWS)) {
    state.rows.get(id).remove();
    state.rows.delete(id);
  }
}

function since(first, event) {
  const seconds = event.monotonic_seconds - first.monotonic_seconds;
  return `${seconds < 0 ? "−" : "+"}${Math.abs(seconds).toFixed(4)} s`;
}

// What somebody who cannot see the picture is told of it.
function summary(drawn, story, words) {
  const windows = drawn.windows.map((window) => windowLabel(window, words));
  const disks = drawn.snapshots.map((snapshot) => snapshot.disk);
  return [`${words.picture}: ${LANES.map((lane) => words.lanes[lane]).join(", ")}`, `${story.events.length} ${words.events}`, ...windows, ...disks].join("; ");
}
