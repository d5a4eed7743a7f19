// Behaviour of all pages: times, copying, tabs, dialogs, shortcuts.

const toast = document.getElementById("toast");

// Shows a short message.
function notify(text) {
  toast.textContent = text;
  toast.classList.add("shown");
  clearTimeout(notify.timer);
  notify.timer = setTimeout(() => toast.classList.remove("shown"), 2500);
}

const UNITS = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

// Writes times as "5 min. ago", with the exact time as a hint.
function writeTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = Date.parse(time.dateTime);
    if (Number.isNaN(at)) continue;
    const seconds = (at - Date.now()) / 1000;
    const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS.at(-1);
    time.title = new Date(at).toLocaleString();
    time.textContent = Math.abs(seconds) < 7 * 86_400 ? RELATIVE.format(Math.round(seconds / size), unit) : time.title;
  }
}

// Marks an image that cannot be drawn, such as the preview of a template that requires values.
function markBroken(image) {
  image.closest(".thumbnail")?.classList.add("broken");
}

document.addEventListener("error", ({ target }) => target instanceof HTMLImageElement && markBroken(target), true);

// Prepares new content of a page.
function prepare(root) {
  writeTimes(root);
  highlightAll(root);
  for (const image of root.querySelectorAll(".thumbnail img")) {
    if (image.complete && image.naturalWidth === 0 && image.loading !== "lazy") markBroken(image);
  }
}

// Sends a recorded request again, and shows the new one.
async function replay(button) {
  button.disabled = true;
  try {
    const response = await fetch(button.dataset.replay, { method: "POST" });
    const found = await response.json();
    if (!response.ok) throw new Error(found.message);
    location.href = `/_emulator/ui/requests/${encodeURIComponent(found.request.id)}`;
  } catch (error) {
    notify(error.message);
    button.disabled = false;
  }
}

// Resets the server to its state after the start.
async function reset() {
  if (!(await ask("Delete all data, and begin as after the start of the server? Snapshots stay.", "Reset"))) return;
  const response = await fetch("/_emulator/reset", { method: "POST" });
  if (response.ok) location.href = "/";
  else notify("The server could not be reset");
}

// Asks a question, and resolves to the choice.
function ask(question, action = "Delete") {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("p").textContent = question;
  dialog.querySelector("[data-choice=yes]").textContent = action;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclick = ({ target }) => target.dataset.choice && dialog.close(target.dataset.choice);
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
  });
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    notify("Copied");
  } catch {
    // Without a secure context there is no clipboard: select the text instead.
    notify("Copying is not allowed here: select the text");
  }
}

function selectTab(tab) {
  for (const other of tab.closest("[role=tablist]").querySelectorAll("[role=tab]")) {
    const selected = other === tab;
    other.setAttribute("aria-selected", selected);
    other.tabIndex = selected ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !selected;
  }
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("button, a, img");
  if (!target) return;
  if (target.matches("[data-theme-toggle]")) toggleTheme();
  if (target.matches("[data-open]")) document.getElementById(target.dataset.open).showModal();
  if (target.matches("[data-copy]")) copy(target.parentElement.querySelector("[data-copy-text]").textContent);
  if (target.matches("[data-copy-tab]")) copy(target.closest("[data-tabs]").querySelector("pre:not([hidden])").textContent);
  if (target.matches("[role=tab]")) selectTab(target);
  if (target.matches("[data-replay]")) replay(target);
  if (target.matches("[data-reset]")) reset(target);
  if (target.matches("[data-zoom], [data-zoom-toggle]")) {
    const full = document.querySelector(".full");
    const actual = full.classList.toggle("actual");
    document.querySelector("[data-zoom-toggle]").setAttribute("aria-pressed", actual);
  }
});

// Moves between tabs with the arrow keys.
document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("[role=tab]") || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  const tabs = [...event.target.closest("[role=tablist]").querySelectorAll("[role=tab]")];
  const step = event.key === "ArrowRight" ? 1 : tabs.length - 1;
  const next = tabs[(tabs.indexOf(event.target) + step) % tabs.length];
  selectTab(next);
  next.focus();
});

// Asks before a form deletes something.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.confirm || form.dataset.confirmed) return;
  event.preventDefault();
  if (await ask(form.dataset.confirm, form.dataset.confirmAction)) {
    form.dataset.confirmed = "true";
    form.requestSubmit();
  }
});

const PLACES = {
  r: "/", t: "/_emulator/ui/templates", b: "/_emulator/ui/batches", w: "/_emulator/ui/webhooks",
  q: "/_emulator/ui/requests", f: "/_emulator/ui/faults", l: "/_emulator/ui/ledger",
};
let isGoing = false;

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input, textarea, select") || document.querySelector("dialog[open]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const going = isGoing;
  isGoing = event.key === "g" && !going;
  if (going && PLACES[event.key]) {
    location.href = PLACES[event.key];
  } else if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) {
      event.preventDefault();
      search.select();
    }
  } else if (event.key === "?") {
    document.getElementById("shortcuts").showModal();
  } else if (event.key === "t") {
    toggleTheme();
  } else if (event.key === "n") {
    location.href = "/_emulator/ui/templates/new";
  }
});

// In a narrow window the navigation is a row, which may be scrolled.
const navigation = document.getElementById("navigation");
const current = navigation.querySelector("[aria-current]");
if (current) navigation.scrollLeft = current.offsetLeft - navigation.clientWidth / 2;

prepare(document);
setInterval(() => writeTimes(document), 15_000);
