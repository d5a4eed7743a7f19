// Conversion of elements to HTML.
"use strict";
(() => {
  const { Fragment, isElement, provide } = __react;
  const VOID = new Set("area base br col embed hr img input link meta source track wbr".split(" "));
  // CSS properties whose numbers have no unit.
  const UNITLESS = new Set(
    ("animationIterationCount aspectRatio borderImageSlice borderImageWidth columnCount columns fillOpacity flex " +
      "flexGrow flexShrink fontWeight gridArea gridColumn gridColumnEnd gridColumnStart gridRow gridRowEnd " +
      "gridRowStart lineClamp lineHeight opacity order orphans scale stopOpacity strokeDashoffset strokeMiterlimit " +
      "strokeOpacity tabSize widows zIndex zoom WebkitLineClamp").split(" "),
  );
  // SVG attributes that are written with hyphens.
  const HYPHENATED = new Set(
    ("clipPath clipRule dominantBaseline fillOpacity fillRule floodColor floodOpacity fontFamily fontSize fontStyle " +
      "fontWeight letterSpacing markerEnd markerMid markerStart paintOrder pointerEvents shapeRendering stopColor " +
      "stopOpacity strokeDasharray strokeDashoffset strokeLinecap strokeLinejoin strokeMiterlimit strokeOpacity " +
      "strokeWidth textAnchor textDecoration vectorEffect wordSpacing").split(" "),
  );
  const NAMES = { className: "class", htmlFor: "for", xlinkHref: "xlink:href", srcSet: "srcset" };
  const SKIPPED = new Set(["children", "key", "ref", "dangerouslySetInnerHTML", "suppressHydrationWarning"]);
  const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

  const escape = (text) => text.replace(/[&<>"]/g, (found) => ENTITIES[found]);
  const hyphenate = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replace(/^ms-/, "-ms-");
  const isEmpty = (value) => value === null || value === undefined || typeof value === "boolean";

  const css = (style) =>
    Object.entries(style)
      .filter(([, value]) => !isEmpty(value) && value !== "")
      .map(([name, value]) => {
        const isPixels = typeof value === "number" && value !== 0 && !UNITLESS.has(name) && !name.startsWith("--");
        return `${name.startsWith("--") ? name : hyphenate(name)}:${String(value).trim()}${isPixels ? "px" : ""}`;
      })
      .join(";");

  const attribute = ([name, value]) => {
    if (SKIPPED.has(name) || isEmpty(value) && value !== true || typeof value === "function") {
      return "";
    }
    if (name === "style") return typeof value === "object" ? ` style="${escape(css(value))}"` : "";
    const written = NAMES[name] ?? (HYPHENATED.has(name) ? hyphenate(name) : name);
    if (!/^[A-Za-z_:][-A-Za-z0-9_:.]*$/.test(written)) throw new TypeError(`${name} is not a valid attribute name`);
    return ` ${written}="${value === true ? "" : escape(String(value))}"`;
  };

  const tag = (name, props) => {
    if (!/^[A-Za-z][-A-Za-z0-9.]*$/.test(name)) throw new TypeError(`${name} is not a valid element name`);
    const head = `<${name}${Object.entries(props).map(attribute).join("")}>`;
    if (VOID.has(name)) return head;
    const raw = props.dangerouslySetInnerHTML?.__html;
    // The content of a style element is not HTML.
    const inner = raw ?? (name === "style" ? __react.flat(props.children).join("") : markup(props.children));
    return `${head}${inner}</${name}>`;
  };

  const markup = (node) => {
    if (isEmpty(node)) return "";
    if (typeof node === "string" || typeof node === "number" || typeof node === "bigint") return escape(String(node));
    if (Array.isArray(node)) return node.map(markup).join("");
    if (node.$unsupported) throw new Unsupported(node.$unsupported);
    if (!isElement(node)) {
      if (typeof node === "object" && typeof node[Symbol.iterator] === "function") return markup([...node]);
      const description = typeof node === "object" ? `an object with the keys ${Object.keys(node).join(", ")}` : `a ${typeof node}`;
      throw new TypeError(`A scene cannot render ${description}`);
    }
    const { type, props } = node;
    if (type === Fragment) return markup(props.children);
    if (typeof type === "string") return tag(type, props);
    if (type?.$unsupported) throw new Unsupported(type.$unsupported);
    if (type?.$provider) return provide(type.$provider, props.value, () => markup(props.children));
    if (typeof type !== "function") throw new TypeError(`A component is ${type === null ? "null" : typeof type}, not a function`);
    const all = type.defaultProps ? { ...type.defaultProps, ...props } : props;
    const isClass = type.prototype && typeof type.prototype.render === "function";
    return markup(isClass ? new type(all).render() : type(all));
  };

  globalThis.__markup = markup;
})();
