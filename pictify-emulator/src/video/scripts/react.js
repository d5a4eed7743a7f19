// What scenes import from "react": elements, contexts and hooks, for one picture that never changes after it is drawn.
"use strict";
globalThis.__modules = {};

// What cannot be drawn here. A scene may hold it; the picture that shows it is refused.
class Unsupported extends Error {}
Unsupported.prototype.name = "Unsupported";

// Stands for what a module has and this server has not: it can be called and looked into, but not drawn.
globalThis.__missing = (name) => {
  const refuse = () => {
    throw new Unsupported(name);
  };
  const stub = new Proxy(function () {}, {
    apply: () => stub,
    construct: () => stub,
    get: (_, member) => {
      if (member === "$missing") return name;
      if (member === Symbol.toPrimitive || member === "toJSON" || member === Symbol.iterator) return refuse;
      return member === "then" || member === "prototype" || typeof member === "symbol" ? undefined : stub;
    },
  });
  return stub;
};

(() => {
  const Fragment = Symbol("Fragment");
  const isElement = (node) => typeof node === "object" && node !== null && node.$element === true;
  const element = (type, props, key) => ({ $element: true, type, props: props ?? {}, key: key ?? null });
  const createElement = (type, config, ...children) => {
    const { key, ...props } = config ?? {};
    if (children.length > 0) props.children = children.length === 1 ? children[0] : children;
    return element(type, props, key);
  };
  const cloneElement = (node, config, ...children) =>
    createElement(node.type, { ...node.props, key: node.key, ...config }, ...children);

  const createContext = (initial) => {
    const context = { values: [initial] };
    context.Provider = { $provider: context };
    context.Consumer = ({ children }) => children(useContext(context));
    return context;
  };
  const useContext = (context) => context.values[context.values.length - 1];
  const provide = (context, value, work) => {
    context.values.push(value);
    try {
      return work();
    } finally {
      context.values.pop();
    }
  };

  const nothing = () => {};
  const flat = (children) => {
    if (Array.isArray(children)) return children.flatMap(flat);
    return children === null || children === undefined || typeof children === "boolean" ? [] : [children];
  };
  const Children = {
    toArray: flat,
    map: (children, change) => flat(children).map(change),
    forEach: (children, visit) => flat(children).forEach(visit),
    count: (children) => flat(children).length,
    only: (children) => flat(children)[0],
  };

  class Component {
    constructor(props) {
      this.props = props;
      this.state = {};
    }
    setState() {}
    forceUpdate() {}
  }
  let ids = 0;
  const react = {
    Fragment,
    StrictMode: Fragment,
    Suspense: Fragment,
    Component,
    PureComponent: Component,
    Children,
    createElement,
    cloneElement,
    isValidElement: isElement,
    createContext,
    memo: (component) => component,
    forwardRef: (draw) => (props) => draw(props, null),
    useContext,
    useState: (initial) => [typeof initial === "function" ? initial() : initial, nothing],
    useReducer: (_, initial, start) => [start ? start(initial) : initial, nothing],
    useMemo: (make) => make(),
    useCallback: (callback) => callback,
    useRef: (value) => ({ current: value }),
    useId: () => `id-${ids++}`,
    useEffect: nothing,
    useLayoutEffect: nothing,
    useInsertionEffect: nothing,
    useImperativeHandle: nothing,
  };
  __modules.react = { ...react, default: react };
  __modules["react/jsx-runtime"] = { Fragment, jsx: element, jsxs: element };

  globalThis.__react = { Fragment, isElement, createElement, createContext, provide, useContext, flat };
})();
