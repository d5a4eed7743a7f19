// Time and place: what scenes import from "remotion" to say when something is shown.
"use strict";
(() => {
  const { createContext, createElement, useContext, flat, isElement, Fragment } = __react;
  const Frame = createContext(0);
  const Config = createContext(null);
  const useCurrentFrame = () => useContext(Frame);
  const useVideoConfig = () => ({ ...useContext(Config) });
  const FILL = { position: "absolute", top: 0, left: 0, right: 0, bottom: 0, width: "100%", height: "100%" };

  const AbsoluteFill = ({ style, ...others }) =>
    createElement("div", { ...others, style: { ...FILL, display: "flex", flexDirection: "column", ...style } });

  const at = (frame, children) => createElement(Frame.Provider, { value: frame }, children);
  const Sequence = ({ from = 0, durationInFrames = Infinity, layout = "absolute-fill", style, className, children }) => {
    const frame = useCurrentFrame() - from;
    if (frame < 0 || frame >= durationInFrames) return null;
    const config = { ...useContext(Config) };
    config.durationInFrames = Math.min(durationInFrames, config.durationInFrames - from);
    const inside = createElement(Config.Provider, { value: config }, at(frame, children));
    return layout === "none" ? inside : createElement(AbsoluteFill, { style, className }, inside);
  };

  const parts = (children) =>
    flat(children).flatMap((child) => (isElement(child) && child.type === Fragment ? parts(child.props.children) : [child]));
  const Series = ({ children }) => {
    let begin = 0;
    return parts(children).map((child) => {
      const { offset = 0, durationInFrames = Infinity } = child.props;
      const from = begin + offset;
      begin = from + durationInFrames;
      return createElement(Sequence, { ...child.props, from });
    });
  };
  Series.Sequence = ({ children }) => children;

  const Loop = ({ durationInFrames, times = Infinity, layout, style, children }) => {
    const frame = useCurrentFrame();
    const round = Math.min(Math.floor(frame / durationInFrames), times);
    if (frame < 0 || round >= times) return null;
    return createElement(Sequence, { from: round * durationInFrames, durationInFrames, layout, style }, children);
  };
  const Freeze = ({ frame, active = true, children }) => (active ? at(frame, children) : children);
  const Img = ({ onError, onLoad, maxRetries, pauseWhenLoading, ...props }) => createElement("img", props);
  const silent = () => null;

  __modules.remotion = {
    ...__motion,
    useCurrentFrame,
    useVideoConfig,
    AbsoluteFill,
    Sequence,
    Series,
    Loop,
    Freeze,
    Img,
    // A picture makes no sound.
    Audio: silent,
    Html5Audio: silent,
    getInputProps: () => ({}),
    getRemotionEnvironment: () => ({ isRendering: true, isStudio: false, isPlayer: false }),
    registerRoot: silent,
    delayRender: silent,
    continueRender: silent,
  };
  __modules.remotion.default = __modules.remotion;

  // What is wrong with a scene, and which variables it takes.
  globalThis.__about = (scene) => {
    const { errors, definitions } = __describe(scene.schema);
    const isDrawn = typeof scene.default === "function" || scene.default?.$missing;
    if (!isDrawn) errors.push("The scene must export a component by default");
    return JSON.stringify({ errors, definitions });
  };

  // The values to draw with, or what is wrong with those that were given.
  globalThis.__props = (scene, given) => JSON.stringify(__fill(scene.schema, JSON.parse(given)));

  // The HTML of a frame.
  globalThis.__frame = (scene, props, config, frame) =>
    __markup(
      createElement(Config.Provider, { value: JSON.parse(config) }, at(frame, createElement(scene.default, JSON.parse(props)))),
    );

  // What the module of this name exports; names that it has not are stubs.
  globalThis.__module = (name, wanted) => {
    const font = /^@remotion\/google-fonts\/(\w+)$/.exec(name)?.[1];
    // Fonts are those of this server: the name is written as a list, so that a style falls back to one without serifs.
    const family = font && `"${font.replace(/([a-z])([A-Z])/g, "$1 $2")}", sans-serif`;
    const loaded = { fontFamily: family, fonts: {}, waitUntilDone: () => Promise.resolve() };
    const known = font ? { fontFamily: family, loadFont: () => loaded } : (__modules[name] ?? {});
    const exported = { ...known };
    for (const one of wanted) if (!(one in exported)) exported[one] = __missing(`${one} of ${name}`);
    return exported;
  };

  // The same as the source of a module, for the engine to load.
  globalThis.__source = (name, wanted) => {
    const exported = (__sources[name] = __module(name, wanted));
    const lines = Object.keys(exported).map(
      (key, index) => `const _${index} = __sources[${JSON.stringify(name)}][${JSON.stringify(key)}]; export { _${index} as ${key} };`,
    );
    return lines.join("\n");
  };
  globalThis.__sources = {};
})();
