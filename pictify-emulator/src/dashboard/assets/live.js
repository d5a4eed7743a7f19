// Keeps a page up to date: when something on the server changes, the parts of the page that show it are replaced.

const live = document.getElementById("live");
const NAMES = [
  "request", "render", "template", "batch", "delivery", "subscription", "binding", "experiment", "workflow", "video", "ledger",
  "state", "lagged",
];

// Minimum time between two refreshes, in milliseconds.
const INTERVAL = 400;

let events;
let timer;
let isRefreshing = false;

async function refresh() {
  timer = undefined;
  if (isRefreshing) return schedule();
  isRefreshing = true;
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    replace(document.getElementById("navigation"), page.getElementById("navigation"));
    for (const part of document.querySelectorAll("[data-live-part]")) {
      replace(part, page.querySelector(`[data-live-part="${part.dataset.livePart}"]`));
    }
  } catch {
    // The server has stopped, or the page is being left.
  } finally {
    isRefreshing = false;
  }
}

function schedule() {
  timer ??= setTimeout(refresh, INTERVAL);
}

// Replaces a part if it differs. A part in use stays: the next refresh replaces it.
function replace(before, after) {
  if (!before || !after || before.dataset.html === after.innerHTML || before.querySelector("details[open]")) return;
  if (before.contains(document.activeElement) && !before.matches("nav")) return;
  const focused = before.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const html = after.innerHTML;
  prepare(after);
  before.replaceChildren(...after.childNodes);
  before.dataset.html = html;
  if (focused) before.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
}

function show(isOn) {
  live.classList.toggle("off", !isOn);
  live.lastElementChild.textContent = isOn ? "live" : "offline";
}

// A hidden page has no connection: browsers allow only six of them for a server.
function connect() {
  events?.close();
  events = undefined;
  if (document.hidden) return;
  events = new EventSource("/_emulator/events");
  for (const name of NAMES) events.addEventListener(name, schedule);
  events.addEventListener("open", () => {
    show(true);
    schedule();
  });
  events.addEventListener("error", () => show(false));
}

document.addEventListener("visibilitychange", connect);
addEventListener("pagehide", () => events?.close());
connect();
