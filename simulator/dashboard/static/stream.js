// One stream of the world's events for a page, and what asks the page's own server.
const PREFIX = "/_page/";
const FRAME_MILLISECONDS = 100;
// At most ten frames a second, however many events there are.

export const read = (id) => JSON.parse(document.getElementById(id).textContent);

// Calls `told` with the events that came since the last call, in frames. `filter` is a query, as in "job=ID&".
export function follow(since, filter, words, told) {
  const source = new EventSource(`${PREFIX}sim/events?${filter}follow=true&since=${since}`);
  const live = document.getElementById("live");
  let waiting = [], timer = 0;
  const frame = () => {
    const events = waiting;
    waiting = [];
    timer = 0;
    told(events);
  };
  const take = (message) => {
    waiting.push(JSON.parse(message.data));
    timer ||= setTimeout(frame, FRAME_MILLISECONDS);
  };
  for (const kind of read("kinds").kinds) source.addEventListener(kind, take);
  source.addEventListener("open", () => { live.textContent = words.live; });
  source.addEventListener("error", () => { live.textContent = words.reconnecting; });
  addEventListener("pagehide", () => source.close());
  return source;
}

export async function ask(method, path, body) {
  const headers = { "X-Backupsim-Page": "1", Prefer: "respond-async", ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
  const answer = await fetch(path.startsWith("/") ? path : PREFIX + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  if (answer.ok) return answer;
  const error = (await answer.json().catch(() => ({}))).error || { code: answer.status, message: answer.statusText };
  throw new Error(`${error.code}: ${error.message}${await remedyOf(error)}`);
}

// What helps, where the table of errors says so.
async function remedyOf({ code, message }) {
  const answer = await fetch(`${PREFIX}remedies/${encodeURIComponent(code)}?message=${encodeURIComponent(String(message).slice(0, 2000))}`);
  const { remedy } = answer.ok ? await answer.json() : { remedy: "" };
  return remedy ? ` ${remedy}` : "";
}

// The job that an answer of ARM began: its operation is asked until it names one.
async function jobOf(answer) {
  const address = new URL(answer.headers.get("Azure-AsyncOperation"));
  for (;;) {
    const status = await (await ask("GET", `arm${address.pathname}${address.search}`)).json();
    if (status.properties?.jobId) return status.properties.jobId;
    if (status.status !== "InProgress") throw new Error(status.error ? `${status.error.code}: ${status.error.message}` : status.status);
    await new Promise((done) => setTimeout(done, 200));
  }
}

// Buttons with a request ask it; those with a command copy it. Works for what is put on the page later, too.
export function serveButtons(words) {
  const answer = document.getElementById("answer");
  document.addEventListener("click", async (click) => {
    const button = click.target.closest("button[data-request], button[data-copy]");
    if (!button) return;
    if (button.dataset.copy) {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = words.copied;
      return;
    }
    const request = JSON.parse(button.dataset.request);
    button.disabled = true;
    answer.classList.remove("bad");
    answer.textContent = words.asked;
    try {
      const content = request.content_from ? { content: (await (await ask("GET", request.content_from)).json()).content } : {};
      const response = await ask(request.method, request.path, { ...request.body, ...content });
      if (request.then === "job") location.assign(`${PREFIX}jobs/${encodeURIComponent(await jobOf(response))}`);
      else if (request.then !== "stay") location.assign(PREFIX + request.then);
      else {
        button.disabled = false;
        answer.textContent = words.begun;
      }
    } catch (error) {
      answer.classList.add("bad");
      answer.textContent = `${words.refused}: ${error.message}`;
      button.disabled = false;
    }
  });
}
