// Colours of source code: a list of patterns for each language. The text is never read as HTML.
const PATTERNS = {
  html: /(<!--[\s\S]*?-->|\{\{!--[\s\S]*?--\}\})|(\{\{\{?[^}]*\}?\}\})|(<\/?[a-zA-Z][\w-]*|\/?>)|("[^"\n{]*"|'[^'\n{]*')|([a-zA-Z-]+(?=\s*[:=](?!\/\/)))/g,
  json: /($^)|($^)|("(?:[^"\\]|\\.)*"(?=\s*:))|("(?:[^"\\]|\\.)*")|(\b(?:true|false|null|-?\d[\d.eE+-]*)\b)/g,
  shell: /(#.*)|(\$\w+)|(^\w+|\s-\w+|\\$)|('[^']*'|"[^"]*")|($^)/gm,
  rust: /(\/\/.*)|(\b\w+!)|(\b(?:let|async|fn|await|use|mut|Ok|println|for|in)\b)|(r#*"[\s\S]*?"#*|"(?:[^"\\]|\\.)*")|(\b\d+\b)/g,
  python: /(#.*)|(f"[^"]*")|(\b(?:import|from|print|True|False|None)\b)|("(?:[^"\\]|\\.)*")|(\b\d+(?:\.\d+)?\b)/g,
  javascript: /(\/\/.*|\/\*[\s\S]*?\*\/)|(`[^`]*`)|(\b(?:const|let|await|async|new|if|throw|return|function|import|export|from|default)\b)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(\b\d+(?:\.\d+)?\b)/g,
};
const CLASSES = ["token-note", "token-var", "token-tag", "token-text", "token-name"];

// Maximum length of a text that is coloured, in characters.
const MAX_COLOURED = 60_000;

// Replaces the content of an element by a text with colours.
function highlight(element, text, language) {
  const pattern = PATTERNS[language];
  if (!pattern || text.length > MAX_COLOURED) {
    element.textContent = text;
    return;
  }
  const parts = document.createDocumentFragment();
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const kind = match.slice(1).findIndex((group) => group !== undefined);
    if (!match[0] || kind < 0) continue;
    parts.append(text.slice(end, match.index));
    const span = document.createElement("span");
    span.className = CLASSES[kind];
    span.textContent = match[0];
    parts.append(span);
    end = match.index + match[0].length;
  }
  parts.append(text.slice(end));
  element.replaceChildren(parts);
}

function highlightAll(root) {
  for (const block of root.querySelectorAll("pre[data-language] > code")) {
    highlight(block, block.textContent, block.parentElement.dataset.language);
  }
}
