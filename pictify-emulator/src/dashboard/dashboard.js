// Shows a template with the values that are being typed, a moment after the last key.
for (const form of document.querySelectorAll("form.template")) {
  const [picture, problem] = [form.querySelector("img"), form.querySelector("output")];
  let waiting;
  const show = async () => {
    const address = form.dataset.preview + "?" + new URLSearchParams(new FormData(form));
    picture.src = address;
  };
  picture.addEventListener("error", () => (problem.textContent = "These values cannot be rendered."));
  picture.addEventListener("load", () => (problem.textContent = ""));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 250);
  });
}

// Sends a delivery once more.
document.addEventListener("click", async (event) => {
  const address = event.target.dataset?.resend;
  if (address) {
    event.target.disabled = true;
    await fetch(address, { method: "POST" });
    await refresh();
  }
});

// Shows how batches and deliveries go on, for as long as they do. What is open stays open.
async function refresh() {
  const page = new DOMParser().parseFromString(await (await fetch("/")).text(), "text/html");
  for (const name of ["batches", "deliveries"]) {
    const [old, now] = [document.getElementById(name), page.getElementById(name)];
    const open = [...old.querySelectorAll("details")].map((details) => details.open).reverse();
    old.replaceWith(now);
    [...now.querySelectorAll("details")].reverse().forEach((details, place) => (details.open = open[place] ?? false));
  }
  follow();
}

function follow() {
  if (document.querySelector("[data-busy]")) {
    setTimeout(refresh, 500);
  }
}

follow();
