// Module "remotion": components that control when and where content is shown.
"use strict";
(() => {
  const { createContext, createElement, useContext, flat, isElement, Fragment } = __react;
  const Frame = createContext(0);
  const Config = createContext(null);
  const useCurrentFrame = () => useContext(Frame);
  const useVideoConfig = () => ({ ...useContext(Config) });
  const FILL = { position: "absolute", top: 0, left: 0, right: 0, bottom: 0, width: "100%", height: "100%" };

  const AbsoluteFill = ({ style, ...rest }) =>
    createElement("div", { ...rest, style: { ...FILL, display: "flex", flexDirection: "column", ...style } });

  const atFrame = (frame, children) => createElement(Frame.Provider, { value: frame }, children);
  const Sequence = ({ from = 0, durationInFrames = Infinity, layout = "absolute-fill", style, className, children }) => {
    const frame = useCurrentFrame() - from;
    if (frame < 0 || frame >= durationInFrames) return null;
    const config = { ...useContext(Config) };
    config.durationInFrames = Math.min(durationInFrames, config.durationInFrames - from);
    const content = createElement(Config.Provider, { value: config }, atFrame(frame, children));
    return layout === "none" ? content : createElement(AbsoluteFill, { style, className }, content);
  };

  const unwrapFragments = (children) =>
    flat(children).flatMap((child) => (isElement(child) && child.type === Fragment ? unwrapFragments(child.props.children) : [child]));
  const Series = ({ children }) => {
    let start = 0;
    return unwrapFragments(children).map((child) => {
      const { offset = 0, durationInFrames = Infinity } = child.props;
      const from = start + offset;
      start = from + durationInFrames;
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
  const Freeze = ({ frame, active = true, children }) => (active ? atFrame(frame, children) : children);
  const Img = ({ onError, onLoad, maxRetries, pauseWhenLoading, ...props }) => createElement("img", props);
  const renderNothing = () => null;

  __modules.remotion = {
    ...__animation,
    useCurrentFrame,
    useVideoConfig,
    AbsoluteFill,
    Sequence,
    Series,
    Loop,
    Freeze,
    Img,
    // Images have no sound.
    Audio: renderNothing,
    Html5Audio: renderNothing,
    getInputProps: () => ({}),
    getRemotionEnvironment: () => ({ isRendering: true, isStudio: false, isPlayer: false }),
    registerRoot: renderNothing,
    delayRender: renderNothing,
    continueRender: renderNothing,
  };
  __modules.remotion.default = __modules.remotion;

  // Returns the errors of a scene, and the definitions of its variables.
  globalThis.__describeScene = (scene) => {
    const { errors, definitions } = __describeSchema(scene.schema);
    const isComponent = typeof scene.default === "function" || scene.default?.$unsupported;
    if (!isComponent) errors.push("The scene must export a component by default");
    return JSON.stringify({ errors, definitions });
  };

  // Returns the props of a scene, or the problem of a given value.
  globalThis.__props = (scene, values) => JSON.stringify(__resolveProps(scene.schema, JSON.parse(values)));

  // Returns the HTML of a frame.
  globalThis.__frame = (scene, props, config, frame) =>
    __markup(
      createElement(Config.Provider, { value: JSON.parse(config) }, atFrame(frame, createElement(scene.default, JSON.parse(props)))),
    );

  // Returns the exports of a module. Imported names that it does not have are stubs.
  globalThis.__module = (name, imported) => {
    const font = /^@remotion\/google-fonts\/(\w+)$/.exec(name)?.[1];
    // Google fonts are not loaded: the family is a list, so that a style falls back to sans-serif.
    const family = font && `"${font.replace(/([a-z])([A-Z])/g, "$1 $2")}", sans-serif`;
    const loaded = { fontFamily: family, fonts: {}, waitUntilDone: () => Promise.resolve() };
    const known = font ? { fontFamily: family, loadFont: () => loaded } : (__modules[name] ?? {});
    const exported = { ...known };
    for (const key of imported) if (!(key in exported)) exported[key] = __unsupported(`${key} of ${name}`);
    return exported;
  };

  // Returns the exports of a module as module source, for the loader of the engine.
  globalThis.__source = (name, imported) => {
    const exported = (__sources[name] = __module(name, imported));
    const lines = Object.keys(exported).map(
      (key, index) => `const _${index} = __sources[${JSON.stringify(name)}][${JSON.stringify(key)}]; export { _${index} as ${key} };`,
    );
    return lines.join("\n");
  };
  globalThis.__sources = {};
})();
