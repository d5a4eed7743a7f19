// Sets the theme before the page is drawn: the chosen one, else that of the system.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try {
      return localStorage.getItem("pictify-theme");
    } catch {
      return null; // Storage is switched off.
    }
  };
  const apply = () => (document.documentElement.dataset.theme = stored() ?? (system.matches ? "dark" : "light"));
  apply();
  system.addEventListener("change", apply);
  window.toggleTheme = () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("pictify-theme", theme);
    } catch {
      // Without storage the choice lasts until the next page.
    }
    document.documentElement.dataset.theme = theme;
  };
})();
