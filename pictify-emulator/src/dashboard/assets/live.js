// Keeps a page up to date: when something on the server changes, the parts of the page that show it are replaced.

const live = document.getElementById("live");
let version = Number(document.body.dataset.state);
let isRefreshing = false;

async function refresh() {
  if (isRefreshing) return;
  isRefreshing = true;
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    version = Number(page.body.dataset.state);
    replace(document.getElementById("navigation"), page.getElementById("navigation"));
    for (const part of document.querySelectorAll("[data-live-part]")) {
      replace(part, page.querySelector(`[data-live-part="${part.dataset.livePart}"]`));
    }
  } finally {
    isRefreshing = false;
  }
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

async function check() {
  let isOn = true;
  try {
    const response = await fetch("/_emulator/ui/version");
    const found = (await response.json()).version;
    if (found !== version && !document.hidden) await refresh();
  } catch {
    isOn = false; // The server has stopped, or the page is being left.
  }
  live.classList.toggle("off", !isOn);
  live.lastElementChild.textContent = isOn ? "live" : "offline";
  setTimeout(check, isOn ? 700 : 3000);
}

check();
