// Draws the events of one job as swim lanes in SVG: the live page and a recording use this same code.
//
// The axis is the monotonic clock, broken in two ways. Time in which nothing happened is folded and marked. A freeze
// window has a scale of its own, since its milliseconds would be invisible beside seconds: inside a window, and between
// two breaks, distances are to scale.

export const LANES = ["client", "arm", "job", "host", "agent", "handler", "vss", "storage"];

const LANE_OF = [
  ["arm.request", "client"], ["request.answered", "arm"], ["service.request", "arm"], ["alert.state", "arm"],
  ["handler.", "handler"], ["snapshot.reported", "handler"], ["agent.", "agent"],
  ["goal_state.", "host"], ["machine.", "host"], ["host.", "host"],
  ["host_snapshot.", "host"], ["status.", "host"],
  ["bridge.", "vss"], ["vss.", "vss"], ["filesystem.", "vss"], ["guest.", "vss"], ["workload.", "vss"], ["disk.", "vss"],
  ["snapshot.found", "storage"], ["snapshot.lost", "storage"],
];
const FOLD_SECONDS = 0.4;
// Of a longer pause only so much is drawn.
const WINDOW_SHARE = 0.32;
// How much of the axis all freeze windows of a job have.
const LANE_PIXELS = 46, TOP_PIXELS = 34, BOTTOM_PIXELS = 22, SIDE_PIXELS = 10, DISK_PIXELS = 15;
const LETTER_PIXELS = 6.3;
const SVG = "http://www.w3.org/2000/svg";
const BAD = /^(Failed|Cancelled|Stopped|Error)$/i;

export function laneOf(event) {
  const found = LANE_OF.find(([start]) => (start.endsWith(".") ? event.name.startsWith(start) : event.name === start));
  return found ? found[1] : "job";
}

export function isBad(event) {
  const data = event.data;
  if (/(failed|refused|lost|mistake|left_behind|unreported|damaged)$/.test(event.name)) return true;
  if (BAD.test(data.to || "") || data.error) return true;
  if (event.name === "request.answered") return data.status >= 400;
  if (event.name === "vss.writer") return /FAILED/.test(data.state) || !/^0x0+$/.test(data.hresult);
  if (event.name === "handler.command_ended") return data.exit_code !== 0;
  if (event.name === "snapshot.reported") return !data.consistency && data.code !== 3 && data.code !== 4;
  return event.name === "vss.thawed" || event.name === "filesystem.thawed" ? !data.consistent : false;
}

// What a mark says beside its name; names and values of the service stay as they are.
export function shortLabel(event) {
  const data = event.data;
  switch (event.name) {
    case "arm.request": case "service.request": return data.operation.replace(/ .*\//, " ");
    case "request.answered": return `${data.status}${data.code ? ` ${data.code}` : ""}`;
    case "job.state": return `${data.operation ? `${data.operation}: ` : ""}${data.to}`;
    case "task.state": return `${data.task}: ${data.to}`;
    case "goal_state.published": case "agent.goal_state": return `goal state ${data.incarnation}`;
    case "handler.command_started": return data.verb;
    case "handler.command_ended": return `${data.verb}: ${data.exit_code ?? "killed"}`;
    case "handler.status": return `${data.status ?? ""} ${data.code ?? ""}`.trim();
    case "vss.writer": return `${data.writer}: ${data.step}`;
    case "snapshot.reported": return data.error_name || String(data.code ?? "");
    case "snapshot.judged": return data.consistency || data.error;
    case "snapshot.found": return data.disk;
    case "transfer.disk_vaulted": return data.disk;
    case "recovery_point.state": case "item.state": return data.to;
    default: return event.name.replace(/^.*\./, "").replaceAll("_", " ");
  }
}

// Seconds since 1970 of an ISO 8601 time; the storage writes seven digits behind the point, Date keeps three.
export function secondsOf(text) {
  const [, whole, digits, zone] = /^(.*?T\d\d:\d\d:\d\d)(?:\.(\d+))?(.*)$/.exec(text);
  return { whole: Date.parse(whole + (zone || "Z")) / 1000, part: digits ? Number(`0.${digits}`) : 0 };
}

function between(earlier, later) {
  const a = secondsOf(earlier), b = secondsOf(later);
  return b.whole - a.whole + (b.part - a.part);
}

// Every freeze: {task, from, to, frozen, thawed}; `to` is null while nothing has thawed it.
export function windowsOf(events) {
  const windows = [];
  for (const event of events) {
    if (event.name === "vss.frozen" || event.name === "filesystem.frozen") {
      windows.push({ task: event.data.task_id, from: event.monotonic_seconds, to: null, frozen: event, thawed: null });
    } else if (event.name === "vss.thawed" || event.name === "filesystem.thawed") {
      const open = windows.findLast((window) => window.task === event.data.task_id && window.to === null);
      if (open) Object.assign(open, { to: event.monotonic_seconds, thawed: event });
    }
  }
  return windows;
}

// Every disk's snapshot: {disk, seconds, uncertain, event}. Its moment is the storage's time stamp, which is set against
// the real time that the freeze tells. `uncertain`: so many seconds later it may have been, since a stamp may have whole
// milliseconds only. Without a freeze to compare with, the moment at which the service found it stands for it.
export function snapshotsOf(events, windows) {
  const byId = new Map(events.map((event) => [event.id, event]));
  return events.filter((event) => event.name === "snapshot.found").map((event) => {
    const task = byId.get(event.parent)?.data.task;
    const window = windows.findLast((each) => each.task === task && each.frozen.data.real_time);
    const found = { disk: event.data.disk, lun: event.data.lun, event, window: window || null };
    if (!window || !event.data.snapshot) return { ...found, seconds: event.monotonic_seconds, uncertain: 0 };
    const seconds = window.from + between(window.frozen.data.real_time, event.data.snapshot);
    const digits = (/\.(\d+)/.exec(event.data.snapshot)?.[1] || "").replace(/0+$/, "");
    return { ...found, seconds, uncertain: digits.length <= 3 ? 0.001 : 0 };
  });
}

// A broken axis: {at(seconds) → 0..1, folds: [{from, to, seconds}], spans: [{from, to, begin, end}]}.
export function axisOf(events, windows, snapshots) {
  const closed = windows.filter((window) => window.to !== null && window.to > window.from);
  const instants = [...new Set([
    ...events.map((event) => event.monotonic_seconds),
    ...snapshots.map((snapshot) => snapshot.seconds),
    ...closed.flatMap((window) => [window.from, window.to]),
  ])].sort((a, b) => a - b);
  if (instants.length < 2) {
    const only = instants[0] ?? 0;
    return { at: (seconds) => (seconds < only ? 0 : seconds > only ? 1 : 0.5), folds: [], spans: [] };
  }
  const held = (begin, end) => closed.some((window) => begin >= window.from && end <= window.to);
  const pieces = instants.slice(1).map((end, index) => ({ begin: instants[index], end, held: held(instants[index], end) }));
  const frozen = pieces.filter((piece) => piece.held).reduce((sum, piece) => sum + piece.end - piece.begin, 0);
  const drawn = (piece) => Math.min(piece.end - piece.begin, FOLD_SECONDS);
  const free = pieces.filter((piece) => !piece.held).reduce((sum, piece) => sum + drawn(piece), 0);
  const share = frozen ? (free ? WINDOW_SHARE : 1) : 0;
  let at = 0;
  const spans = pieces.map((piece) => {
    const width = piece.held ? ((piece.end - piece.begin) / frozen) * share : (drawn(piece) / free) * (1 - share);
    const span = { ...piece, from: at, to: at + width, folded: !piece.held && piece.end - piece.begin > FOLD_SECONDS };
    at += width;
    return span;
  });
  const place = (seconds) => {
    if (seconds <= spans[0].begin) return 0;
    let low = 0, high = spans.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (spans[middle].end < seconds) low = middle + 1; else high = middle;
    }
    const span = spans[low];
    return Math.min(1, span.from + ((seconds - span.begin) / (span.end - span.begin)) * (span.to - span.from));
  };
  return { at: place, folds: spans.filter((span) => span.folded), spans };
}

export function durationText(seconds) {
  if (seconds < 0.001) return `${(seconds * 1e6).toFixed(0)} µs`;
  if (seconds < 1) return `${(seconds * 1000).toPrecision(3)} ms`;
  if (seconds < 120) return `${seconds.toFixed(2)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Draws a story into an SVG element. `view` is the part of the axis that is shown, {from, to} within 0..1; `selected` the
// id of an event; `words` has the names of the lanes and the few words of the picture.
export function draw(svg, story, view, selected, words) {
  const events = story.events;
  const windows = windowsOf(events), snapshots = snapshotsOf(events, windows), axis = axisOf(events, windows, snapshots);
  const width = Math.max(300, svg.parentElement.clientWidth || 0);
  const disks = [...new Set(snapshots.map((snapshot) => snapshot.disk))];
  const tops = LANES.map((_, index) => TOP_PIXELS + index * LANE_PIXELS);
  const height = TOP_PIXELS + LANES.length * LANE_PIXELS + disks.length * DISK_PIXELS + BOTTOM_PIXELS;
  const inner = width - 2 * SIDE_PIXELS;
  const x = (seconds) => SIDE_PIXELS + ((axis.at(seconds) - view.from) / (view.to - view.from)) * inner;
  const y = (event) => tops[LANES.indexOf(laneOf(event))] + 32;
  const seen = (place) => place >= -40 && place <= width + 40;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  const arrow = element("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 6, markerHeight: 6, orient: "auto-start-reverse" });
  arrow.append(element("path", { d: "M0 0 8 4 0 8z", class: "arrow-head" }));
  const defs = element("defs", {});
  defs.append(arrow);
  const content = [defs];
  LANES.forEach((lane, index) => content.push(
    element("rect", { x: 0, y: tops[index], width, height: LANE_PIXELS, class: index % 2 ? "lane odd" : "lane" }),
    element("text", { x: 4, y: tops[index] + 12, class: "lane-name" }, words.lanes[lane]),
  ));
  drawFolds(content, axis, view, inner, height, words);
  for (const window of windows) drawWindow(content, window, x, width, height, words);
  drawTasks(content, events, x, tops[LANES.indexOf("job")] + 39);
  drawArrows(content, events, x, y, seen);
  drawMarks(content, events, x, y, seen, selected);
  drawSnapshots(content, snapshots, disks, x, TOP_PIXELS + LANES.length * LANE_PIXELS, seen);
  svg.replaceChildren(...content);
  return { windows, snapshots, axis };
}

function drawFolds(content, axis, view, inner, height, words) {
  let lastEnd = 0;
  for (const fold of axis.folds) {
    const middle = SIDE_PIXELS + (((fold.from + fold.to) / 2 - view.from) / (view.to - view.from)) * inner;
    if (middle < 0 || middle > inner + 2 * SIDE_PIXELS) continue;
    let path = `M${middle} ${TOP_PIXELS}`;
    for (let down = TOP_PIXELS, left = true; down < height - BOTTOM_PIXELS; down += 8, left = !left) path += ` l${left ? 4 : -4} 8`;
    content.push(element("path", { d: path, class: "fold" }));
    const duration = durationText(fold.end - fold.begin), long = `${duration} ${words.folded}`;
    // Where breaks stand side by side there may be room for the duration only, or for no word.
    const label = [long, duration].find((each) => middle - (each.length * LETTER_PIXELS) / 2 > lastEnd);
    if (!label) continue;
    content.push(element("text", { x: middle, y: height - 6, class: "fold-name" }, label));
    lastEnd = middle + (label.length * LETTER_PIXELS) / 2 + 4;
  }
}

// With the time for which the guest itself says that writes stood still.
export function windowLabel(window, words) {
  return window.to === null ? words.frozen : `${words.freeze_window} ${durationText(window.thawed.data.held_milliseconds / 1000)}`;
}

function drawWindow(content, window, x, width, height, words) {
  const from = x(window.from), to = window.to === null ? width : x(window.to);
  const label = windowLabel(window, words);
  content.push(element("rect", {
    x: from, y: TOP_PIXELS - 16, width: Math.max(1, to - from), height: height - TOP_PIXELS - BOTTOM_PIXELS + 16,
    class: window.to === null ? "freeze open" : "freeze", "data-freeze": window.frozen.id,
  }));
  if (window.to !== null) {
    // Within it, for how long the guest itself says that writes stood still: the thaw is told a little after that.
    const held = x(Math.min(window.to, window.from + window.thawed.data.held_milliseconds / 1000));
    content.push(element("rect", { x: from, y: TOP_PIXELS - 16, width: Math.max(1, held - from), height: 16, class: "held" }));
  }
  const middle = Math.min(Math.max((from + to) / 2, label.length * 3.2), width - label.length * 3.2);
  if (to > 0 && from < width) content.push(element("text", { x: middle, y: TOP_PIXELS - 20, class: "freeze-name" }, label));
  if (window.to === null) return;
  const length = window.to - window.from;
  const step = [1, 2, 5].flatMap((digit) => [-6, -5, -4, -3, -2, -1, 0, 1].map((power) => digit * 10 ** power))
    .sort((a, b) => a - b).find((each) => length / each <= 6);
  for (let seconds = step; step && seconds < length; seconds += step) {
    const place = x(window.from + seconds);
    content.push(element("line", { x1: place, x2: place, y1: TOP_PIXELS - 16, y2: TOP_PIXELS - 9, class: "tick" }));
    if ((to - from) / (length / step) > 46) {
      content.push(element("text", { x: place, y: TOP_PIXELS - 1, class: "tick-name" }, durationText(seconds)));
    }
  }
}

function drawTasks(content, events, x, top) {
  const begun = new Map();
  for (const event of events.filter((each) => each.name === "task.state")) {
    const { task, to } = event.data;
    if (to === "InProgress") { begun.set(task, event); continue; }
    const start = begun.get(task);
    if (!start) continue;
    const from = x(start.monotonic_seconds);
    content.push(element("rect", { x: from, y: top, width: Math.max(1, x(event.monotonic_seconds) - from), height: 4, class: BAD.test(to) ? "task bad" : "task" }));
  }
}

function drawArrows(content, events, x, y, seen) {
  const byId = new Map(events.map((event) => [event.id, event]));
  for (const event of events) {
    const parent = byId.get(event.parent);
    if (!parent || laneOf(parent) === laneOf(event)) continue;
    const [x1, x2, y1, y2] = [x(parent.monotonic_seconds), x(event.monotonic_seconds), y(parent), y(event)];
    if (!seen(x1) && !seen(x2)) continue;
    const end = y2 > y1 ? y2 - 5 : y2 + 5;
    content.push(element("path", { d: `M${x1} ${y1}C${x1} ${(y1 + end) / 2} ${x2} ${(y1 + end) / 2} ${x2} ${end}`, class: "cause", "marker-end": "url(#arrow)" }));
  }
}

function drawMarks(content, events, x, y, seen, selected) {
  const lastEnd = new Map();
  for (const event of [...events].sort((a, b) => a.monotonic_seconds - b.monotonic_seconds)) {
    const place = x(event.monotonic_seconds);
    if (!seen(place)) continue;
    const kind = `mark${isBad(event) ? " bad" : ""}${event.id === selected ? " selected" : ""}`;
    const lane = laneOf(event), top = y(event);
    const mark = isBad(event)
      ? element("path", { d: `M${place} ${top - 6}l6 6-6 6-6-6z`, class: kind, "data-event": event.id, "data-x": place })
      : element("circle", { cx: place, cy: top, r: 4, class: kind, "data-event": event.id, "data-x": place });
    mark.append(element("title", {}, `${event.name}: ${shortLabel(event)}`));
    content.push(mark);
    const label = shortLabel(event);
    const words = label.length > 34 ? `${label.slice(0, 33)}…` : label;
    const begin = place - 3;
    const room = begin > (lastEnd.get(lane) ?? 70);
    if (room || isBad(event)) {
      content.push(element("text", { x: begin, y: top - 9, class: isBad(event) ? "mark-name bad" : "mark-name" }, words));
      lastEnd.set(lane, begin + words.length * LETTER_PIXELS + 6);
    }
  }
}

function drawSnapshots(content, snapshots, disks, x, top, seen) {
  for (const snapshot of snapshots) {
    const from = x(snapshot.seconds), to = x(snapshot.seconds + snapshot.uncertain);
    if (!seen(from)) continue;
    const row = top + disks.indexOf(snapshot.disk) * DISK_PIXELS;
    content.push(
      element("rect", { x: from, y: row + 3, width: Math.max(3, to - from), height: 9, class: "snapshot", "data-snapshot": snapshot.disk }),
      element("text", { x: from - 5, y: row + 11, class: "snapshot-name" }, snapshot.disk),
    );
  }
}
