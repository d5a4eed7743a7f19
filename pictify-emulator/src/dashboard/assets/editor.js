// Editor of templates: source with colours, a form for the values, a preview while typing, and the changes.

const TYPES = ["text", "number", "boolean", "color", "date", "url", "image", "array", "object"];

// Sends JSON and returns the JSON of the response. Fails with the sentence of the server.
async function send(path, body) {
  const response = await fetch(path, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  });
  const isJson = response.headers.get("content-type")?.includes("json");
  const found = isJson ? await response.json() : await response.text();
  if (!response.ok) throw new Error(found.error ?? found.message ?? `The server responded with ${response.status}.`);
  return found;
}

// Draws a design into an image.
async function draw(image, draft) {
  const preview = await send("/_emulator/ui/preview", draft);
  image.src = preview.image;
  return preview;
}

// Draws the images of the versions of a template.
for (const pair of document.querySelectorAll(".before-after[data-before]")) {
  const [before, after] = pair.querySelectorAll("img");
  draw(before, JSON.parse(pair.dataset.before)).catch((error) => (before.alt = error.message));
  draw(after, JSON.parse(pair.dataset.after)).catch((error) => (after.alt = error.message));
}

class Editor {
  constructor(form) {
    this.form = form;
    this.state = JSON.parse(form.dataset.template);
    this.isCanvas = this.state.engine !== "html";
    this.definitions = this.state.definitions ?? [];
    this.values = {};
    this.errors = new Map();
    this.source = form.elements.source;
    this.code = form.querySelector(".code-editor code");
    this.fields = document.getElementById("values");
    this.image = document.getElementById("preview");
    this.source.value = this.state.source;
    if (this.state.outputFormat === "pdf") form.elements.format.value = "pdf";
    this.resetValues();
    this.colour();
    this.listen();
    this.preview();
  }

  listen() {
    this.source.addEventListener("input", () => {
      this.colour();
      this.change();
    });
    this.source.addEventListener("scroll", () => {
      const shown = this.code.parentElement;
      [shown.scrollTop, shown.scrollLeft] = [this.source.scrollTop, this.source.scrollLeft];
    });
    for (const name of ["width", "height", "name"]) this.form.elements[name].addEventListener("input", () => this.change());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    const click = (id, action) => document.getElementById(id)?.addEventListener("click", action);
    click("use-as-defaults", () => this.useAsDefaults());
    click("reset-values", () => this.resetValues(true));
    click("all-sizes", (event) => this.toggleSizes(event.target));
    click("compare", () => this.compare());
    click("render", () => this.render());
    document.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      if (event.key === "s") {
        event.preventDefault();
        this.save();
      } else if (event.key === "Enter") {
        this.render();
      }
    });
    addEventListener("beforeunload", (event) => {
      if (this.isChanged) event.preventDefault();
    });
  }

  colour() {
    // The last line needs a character, or the two texts scroll differently.
    highlight(this.code, `${this.source.value}\n`, this.isCanvas ? "json" : "html");
  }

  change() {
    this.isChanged = true;
    document.getElementById("saved").textContent = "not saved";
    this.schedule();
  }

  schedule() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.preview(), 200);
  }

  // Returns the design as the API takes it.
  draft() {
    const { width, height } = this.form.elements;
    const draft = { width: Number(width.value), height: Number(height.value), variableDefinitions: this.definitions };
    if (this.isCanvas) draft.fabricJSData = JSON.parse(this.source.value);
    else draft.html = this.source.value;
    return draft;
  }

  async preview() {
    const request = (this.latest = (this.latest ?? 0) + 1);
    const facts = document.getElementById("preview-facts");
    const box = this.image.parentElement;
    box.classList.add("busy");
    try {
      const draft = { ...this.draft(), variables: this.values };
      const preview = await send("/_emulator/ui/preview", draft);
      if (request !== this.latest) return;
      this.image.src = preview.image;
      facts.textContent = `${preview.width} × ${preview.height}, ${preview.milliseconds} ms, not billed`;
      this.showProblem("");
      this.addDefinitions(preview.variables);
      if (!document.getElementById("sizes").hidden) this.drawSizes();
    } catch (error) {
      if (request === this.latest) this.showProblem(error.message);
    } finally {
      if (request === this.latest) box.classList.remove("busy");
    }
  }

  showProblem(text) {
    const problem = document.getElementById("problem");
    problem.textContent = text;
    problem.hidden = !text;
  }

  // Adds a field for each variable that the source uses and that has no definition.
  addDefinitions(names) {
    const missing = names.filter((name) => !this.definitions.some((definition) => definition.name === name));
    if (missing.length === 0) return;
    this.definitions.push(...missing.map((name) => ({ name, type: "text" })));
    this.showFields();
  }

  resetValues(draws) {
    this.values = {};
    for (const { name, defaultValue } of this.definitions) {
      if (defaultValue !== undefined && defaultValue !== null) this.values[name] = defaultValue;
    }
    this.errors.clear();
    this.showFields();
    if (draws) this.schedule();
  }

  useAsDefaults() {
    for (const definition of this.definitions) {
      if (this.values[definition.name] !== undefined) definition.defaultValue = this.values[definition.name];
    }
    notify("The values are the defaults now: save to keep them");
    this.change();
  }

  showFields() {
    const fields = this.definitions.map((definition) => this.field(definition));
    if (fields.length === 0) {
      const note = document.createElement("p");
      note.className = "note";
      note.textContent = "No variables yet: write {{name}} in the source.";
      fields.push(note);
    }
    this.fields.replaceChildren(...fields);
    this.showValidity();
  }

  // Creates the field of a variable: its name, its type, and a control for the type.
  field(definition) {
    const box = element("div", "value");
    const id = `value-${definition.name}`;
    const label = element("label", "", definition.name);
    label.htmlFor = id;
    if (isRequired(definition)) label.append(element("small", "", "required"));
    const type = document.createElement("select");
    type.setAttribute("aria-label", `Type of ${definition.name}`);
    const known = definition.type === "string" ? "text" : (definition.type ?? "text");
    for (const name of TYPES.includes(known) ? TYPES : [...TYPES, known]) type.append(new Option(name, name, false, name === known));
    type.addEventListener("change", () => {
      definition.type = type.value;
      this.change();
      box.replaceWith(this.field(definition));
      document.getElementById(id)?.focus();
    });
    const control = element("div", "control");
    const error = element("p", "error");
    error.id = `${id}-error`;
    error.hidden = true;
    control.append(...this.controls(definition, known, id, error));
    box.append(label, type);
    if (definition.description) box.append(element("small", "description", definition.description));
    box.append(control, error);
    return box;
  }

  controls(definition, type, id, error) {
    const value = this.values[definition.name];
    const set = (changed, problem) => {
      if (problem) this.errors.set(definition.name, problem);
      else this.errors.delete(definition.name);
      error.textContent = problem ?? "";
      error.hidden = !problem;
      control.setAttribute("aria-invalid", Boolean(problem));
      if (!problem) {
        if (changed === undefined) delete this.values[definition.name];
        else this.values[definition.name] = changed;
        this.schedule();
      }
      this.showValidity();
    };
    const isJson = type === "array" || type === "object";
    const control = document.createElement(isJson ? "textarea" : "input");
    control.id = id;
    control.setAttribute("aria-describedby", error.id);
    if (isJson) {
      control.rows = 4;
      control.spellcheck = false;
      control.value = value === undefined ? "" : JSON.stringify(value, null, 2);
      control.addEventListener("input", () => set(...readJson(control.value, type)));
      return [control];
    }
    if (type === "boolean") {
      control.type = "checkbox";
      control.checked = value === true || value === "true";
      control.addEventListener("input", () => set(control.checked));
      return [control];
    }
    control.type = { number: "number", url: "url", image: "url", date: "date" }[type] ?? "text";
    if (type === "number") control.step = "any";
    control.value = value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : value;
    control.addEventListener("input", () => set(...readText(control.value, type, definition)));
    if (type !== "color") return [control];
    const picker = document.createElement("input");
    picker.type = "color";
    picker.setAttribute("aria-label", `${definition.name}, as a colour`);
    if (/^#[0-9a-f]{6}$/i.test(control.value)) picker.value = control.value;
    picker.addEventListener("input", () => {
      control.value = picker.value;
      set(picker.value);
    });
    control.addEventListener("input", () => {
      if (/^#[0-9a-f]{6}$/i.test(control.value)) picker.value = control.value;
    });
    return [picker, control];
  }

  showValidity() {
    const tag = document.getElementById("validity");
    const isValid = this.errors.size === 0;
    tag.textContent = isValid ? "valid" : this.errors.size === 1 ? "1 error" : `${this.errors.size} errors`;
    tag.className = isValid ? "tag ok" : "tag bad";
  }

  async toggleSizes(button) {
    const list = document.getElementById("sizes");
    list.hidden = !list.hidden;
    button.setAttribute("aria-pressed", !list.hidden);
    if (!list.hidden) await this.drawSizes();
  }

  // Draws the design in every layout of the template and in common sizes.
  async drawSizes() {
    const list = document.getElementById("sizes");
    const base = { ...this.draft(), variables: this.values };
    const items = [...this.state.layouts.map((layout) => ({ ...layout, isLayout: true })), ...this.state.sizes];
    const drawings = items.map((size) => {
      const [item, figure, image] = [element("li"), element("figure"), element("img", "checkers")];
      image.alt = size.name;
      figure.append(image, element("figcaption", "", `${size.name}, ${size.width} × ${size.height}`));
      item.append(figure);
      const own = {};
      if (size.html) own.html = size.html;
      if (size.fabricJSData) own.fabricJSData = size.fabricJSData;
      return [item, image, { ...base, ...own, width: size.width, height: size.height }];
    });
    if (list.childElementCount !== drawings.length) list.replaceChildren(...drawings.map(([item]) => item));
    const images = list.querySelectorAll("img");
    for (const [index, [, , draft]] of drawings.entries()) {
      // One after the other: other renders have the same workers.
      await draw(images[index], draft).catch((error) => (images[index].alt = error.message));
    }
  }

  async save() {
    if (!this.form.reportValidity()) return;
    const button = document.getElementById("save");
    button.disabled = true;
    try {
      const body = { ...this.draft(), name: this.form.elements.name.value, engine: this.state.engine };
      body.outputFormat = this.form.elements.format.value === "pdf" ? "pdf" : "image";
      if (this.state.uid) body.uid = this.state.uid;
      const saved = await send("/_emulator/ui/templates/save", body);
      this.isChanged = false;
      location.href = saved.path;
    } catch (error) {
      this.showProblem(error.message);
      button.disabled = false;
    }
  }

  async compare() {
    const dialog = document.getElementById("comparison");
    try {
      const draft = this.draft();
      const body = { ...draft, name: this.form.elements.name.value };
      document.getElementById("comparison-text").innerHTML = await send(`/_emulator/ui/templates/${this.state.uid}/compare`, body);
      dialog.showModal();
      const variables = this.values;
      const { width, height } = this.state;
      const before = { ...draft, width, height, variables };
      if (this.isCanvas) before.fabricJSData = JSON.parse(this.state.source);
      else before.html = this.state.source;
      await draw(document.getElementById("comparison-before"), before);
      await draw(document.getElementById("comparison-after"), { ...draft, variables });
    } catch (error) {
      this.showProblem(error.message);
    }
  }

  async render() {
    if (!this.state.uid) return;
    if (this.isChanged) {
      this.showProblem("Save the template first: a render uses the saved one.");
      return;
    }
    try {
      const format = this.form.elements.format.value;
      const rendered = await send(`/_emulator/ui/templates/${this.state.uid}/render`, { variables: this.values, format });
      location.href = rendered.path;
    } catch (error) {
      this.showProblem(error.message);
    }
  }
}

function element(name, className = "", text = "") {
  const created = document.createElement(name);
  created.className = className;
  created.textContent = text;
  return created;
}

function isRequired(definition) {
  return definition.required ?? definition.validation?.required ?? false;
}

// Returns the value of a text, or undefined and the reason why it has none.
function readText(text, type, definition) {
  if (text === "") return isRequired(definition) ? [undefined, "A value is required."] : [undefined];
  const { minLength, maxLength } = definition.validation ?? {};
  const length = [...text].length;
  if (minLength > length) return [undefined, `At least ${minLength} characters are needed.`];
  if (maxLength < length) return [undefined, `At most ${maxLength} characters are allowed.`];
  if (type === "number") return Number.isFinite(Number(text)) ? [Number(text)] : [undefined, "This is not a number."];
  return [text];
}

function readJson(text, type) {
  if (text.trim() === "") return [undefined];
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return [undefined, `This is not JSON: ${error.message}`];
  }
  if (type === "array" && !Array.isArray(value)) return [undefined, "This is not a list: begin with ["];
  if (type === "object" && (typeof value !== "object" || value === null || Array.isArray(value))) {
    return [undefined, "This is not an object: begin with {"];
  }
  return [value];
}

const form = document.getElementById("editor");
if (form) new Editor(form);
