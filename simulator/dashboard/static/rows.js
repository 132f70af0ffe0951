// Long tables: only the rows that can be seen are in the page, however many there are.
const LEAST_ROWS = 200; // the list of faults, whose rows are forms, stays whole
// Shorter ones are left as they are.
const SPARE_ROWS = 10;
// Above and below what can be seen.
const MEASURED_ROWS = 20;

// `place` is how far the list is scrolled at first.
export function showInWindow(box, place = 0) {
  const table = box.querySelector("table"), body = table.tBodies[0], rows = [...body.rows];
  if (rows.length < LEAST_ROWS) return;
  const measured = rows[MEASURED_ROWS].getBoundingClientRect().top - rows[0].getBoundingClientRect().top;
  const height = Math.max(measured / MEASURED_ROWS, 16);
  table.setAttribute("aria-rowcount", rows.length + 1);
  rows.forEach((row, at) => row.setAttribute("aria-rowindex", at + 2));
  box.classList.add("windowed");
  const above = spacer(rows[0].cells.length), below = spacer(rows[0].cells.length);
  body.replaceChildren(above, below);

  const draw = () => {
    const count = Math.ceil(box.clientHeight / height) + 2 * SPARE_ROWS;
    const first = Math.max(0, Math.min(rows.length - count, Math.floor(box.scrollTop / height) - SPARE_ROWS));
    const seen = rows.slice(first, first + count);
    for (const row of [...body.rows].slice(1, -1)) {
      if (!seen.includes(row) && !row.contains(document.activeElement)) row.remove();
    }
    above.firstChild.style.height = `${first * height}px`;
    below.firstChild.style.height = `${Math.max(0, rows.length - first - count) * height}px`;
    let next = below;
    for (const row of seen.reverse()) {
      // What is there already stays where it is, so that it keeps its focus.
      if (row.nextSibling !== next) body.insertBefore(row, next);
      next = row;
    }
  };

  // A link to a row that is not in the page.
  const open = () => {
    const at = rows.findIndex((row) => row.id && row.id === decodeURIComponent(location.hash.slice(1)));
    if (at < 0) return;
    box.scrollTop = at * height;
    draw();
    rows[at].scrollIntoView({ block: "nearest" });
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

function spacer(columns) {
  const row = document.createElement("tr"), cell = row.insertCell();
  row.className = "spacer";
  row.setAttribute("aria-hidden", "true");
  cell.colSpan = columns;
  return row;
}
