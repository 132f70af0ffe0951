// Long tables: only the rows that can be seen are in the page, however many there are.
const LEAST_ROWS = 200; // the list of faults, whose rows are forms, stays whole
// Shorter ones are left as they are.
const SPARE_ROWS = 10;
// Above and below what can be seen.
const MEASURED_ROWS = 20;
const LONG_TABLE = /(<div class="scroll"[^>]*>\s*<table>\s*<thead>[\s\S]*?<tbody)>([\s\S]*?)(?=<\/tbody>)/g;
const updates = new WeakMap();
// Of boxes that are shown in a window: what gives them other rows.

// The text of a view without the rows of its long tables, and these rows as texts. They are made elements when they are
// seen: to make thousands at once would hold the page up.
export function withoutRows(text) {
  const tables = [];
  const shell = text.replace(LONG_TABLE, (whole, before, inside) => {
    const rows = inside.split("</tr>").slice(0, -1).map((row) => `${row.trim()}</tr>`);
    if (rows.length < LEAST_ROWS) return whole;
    tables.push(rows);
    return `${before} data-cut>`;
  });
  return { shell, tables };
}

// What a part of a page keeps while it is exchanged: the focus, chosen and not yet sent values, and open details.
export function stateOf(root) {
  const focused = root.contains(document.activeElement) ? document.activeElement : null;
  return {
    key: keyOf(focused),
    isSummary: focused?.matches("summary"),
    open: new Set([...root.querySelectorAll("details[open]")].map(keyOf)),
    chosen: new Map([...root.querySelectorAll("select[data-key], input[data-key]")].map((field) => [field.dataset.key, field.value])),
  };
}

export function giveBack(root, { key, isSummary, open, chosen }) {
  for (const [name, value] of chosen) {
    const field = root.querySelector(`[data-key="${CSS.escape(name)}"]`);
    if (field && [...(field.options || [{ value }])].some((option) => option.value === value)) field.value = value;
  }
  for (const element of root.querySelectorAll("[data-key]")) {
    if (open.has(element.dataset.key)) element.open = true;
    if (key && element.dataset.key === key) (isSummary ? element.querySelector("summary") : element).focus();
  }
}

const keyOf = (element) => element?.closest("[data-key]")?.dataset.key;

// Other rows for a box that is shown in a window; false where it is not. Rows that are the same stay as they are.
export function updateRows(box, texts) {
  const update = updates.get(box);
  update?.(texts);
  return Boolean(update);
}

// `place` is how far the list is scrolled at first; `texts` are its rows where the table has none yet.
export function showInWindow(box, place = 0, texts = null) {
  const table = box.querySelector("table"), body = table.tBodies[0];
  let entries = texts ? texts.map((text) => ({ text })) : [...body.rows].map((row) => ({ row }));
  if (entries.length < LEAST_ROWS) return;
  box.classList.add("windowed");
  const measured = entries.slice(0, MEASURED_ROWS + 1).map(rowOf);
  body.replaceChildren(...measured);
  const pixels = measured[MEASURED_ROWS].getBoundingClientRect().top - measured[0].getBoundingClientRect().top;
  const height = Math.max(pixels / MEASURED_ROWS, 16);
  const columns = table.tHead ? table.tHead.rows[0].cells.length : measured[0].cells.length;
  const above = spacer(columns), below = spacer(columns);
  body.prepend(above);
  body.append(below);

  const draw = () => {
    const count = Math.ceil(box.clientHeight / height) + 2 * SPARE_ROWS;
    const first = Math.max(0, Math.min(entries.length - count, Math.floor(box.scrollTop / height) - SPARE_ROWS));
    const seen = entries.slice(first, first + count).map(rowOf);
    table.setAttribute("aria-rowcount", entries.length + 1);
    seen.forEach((row, at) => row.setAttribute("aria-rowindex", first + at + 2));
    for (const row of [...body.rows].slice(1, -1)) {
      if (!seen.includes(row) && !row.contains(document.activeElement)) row.remove();
    }
    above.firstChild.style.height = `${first * height}px`;
    below.firstChild.style.height = `${Math.max(0, entries.length - first - count) * height}px`;
    let next = below;
    for (const row of seen.reverse()) {
      // What is there already stays where it is, so that it keeps its focus.
      if (row.nextSibling !== next) body.insertBefore(row, next);
      next = row;
    }
  };

  updates.set(box, (fresh) => {
    const before = entries;
    entries = fresh.map((text, at) => (before[at]?.text === text ? before[at] : { text }));
    before.forEach((old, at) => {
      if (old === entries[at] || !old.row?.isConnected) return;
      if (!entries[at]) { old.row.remove(); return; }
      const state = stateOf(old.row), row = rowOf(entries[at]);
      old.row.replaceWith(row);
      giveBack(row, state);
    });
    draw();
  });

  // A link to a row that is not in the page.
  const open = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const at = id ? entries.findIndex((entry) => idOf(entry) === id) : -1;
    if (at < 0) return;
    box.scrollTop = at * height;
    draw();
    rowOf(entries[at]).scrollIntoView({ block: "nearest" });
  };
  let waiting = 0;
  box.addEventListener("scroll", () => { waiting ||= requestAnimationFrame(() => { waiting = 0; draw(); }); });
  addEventListener("hashchange", () => { if (box.isConnected) open(); });
  draw();
  if (place) {
    box.scrollTop = place;
    draw();
  } else open();
}

function rowOf(entry) {
  if (!entry.row) {
    const body = document.createElement("tbody");
    body.innerHTML = entry.text;
    [entry.row] = body.rows;
  }
  return entry.row;
}

const idOf = ({ row, text }) => (row ? row.id : /^<tr[^>]* id="([^"]*)"/.exec(text)?.[1]);

function spacer(columns) {
  const row = document.createElement("tr"), cell = row.insertCell();
  row.className = "spacer";
  row.setAttribute("aria-hidden", "true");
  cell.colSpan = columns;
  return row;
}
