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
