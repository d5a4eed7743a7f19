// Updates the preview of a template 250 ms after the last input.
for (const form of document.querySelectorAll("form.template")) {
  const [image, problem] = [form.querySelector("img"), form.querySelector("output")];
  let timer;
  const update = async () => {
    const address = form.dataset.preview + "?" + new URLSearchParams(new FormData(form));
    image.src = address;
  };
  image.addEventListener("error", () => (problem.textContent = "These values cannot be rendered."));
  image.addEventListener("load", () => (problem.textContent = ""));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(update, 250);
  });
}

// Resends a delivery.
document.addEventListener("click", async (event) => {
  const address = event.target.dataset?.resend;
  if (address) {
    event.target.disabled = true;
    await fetch(address, { method: "POST" });
    await refresh();
  }
});

// Refreshes batches and deliveries while some are in progress. Keeps open details open.
async function refresh() {
  const page = new DOMParser().parseFromString(await (await fetch("/")).text(), "text/html");
  for (const name of ["batches", "deliveries"]) {
    const [before, after] = [document.getElementById(name), page.getElementById(name)];
    const open = [...before.querySelectorAll("details")].map((details) => details.open).reverse();
    before.replaceWith(after);
    [...after.querySelectorAll("details")].reverse().forEach((details, index) => (details.open = open[index] ?? false));
  }
  scheduleRefresh();
}

function scheduleRefresh() {
  if (document.querySelector("[data-busy]")) {
    setTimeout(refresh, 500);
  }
}

scheduleRefresh();
