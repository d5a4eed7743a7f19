// Module "react": elements, contexts and hooks. Each frame is rendered once, so state never changes.
"use strict";
globalThis.__modules = {};

// Error of a feature that is not supported. A scene may reference it; only a frame that renders it fails.
class Unsupported extends Error {}
Unsupported.prototype.name = "Unsupported";

// Stub for an export that is not supported: it can be called and its members can be read, but it cannot be rendered.
globalThis.__unsupported = (name) => {
  const fail = () => {
    throw new Unsupported(name);
  };
  const stub = new Proxy(function () {}, {
    apply: () => stub,
    construct: () => stub,
    get: (_, member) => {
      if (member === "$unsupported") return name;
      if (member === Symbol.toPrimitive || member === "toJSON" || member === Symbol.iterator) return fail;
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

  const noop = () => {};
  const flat = (children) => {
    if (Array.isArray(children)) return children.flatMap(flat);
    return children === null || children === undefined || typeof children === "boolean" ? [] : [children];
  };
  const Children = {
    toArray: flat,
    map: (children, transform) => flat(children).map(transform),
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
    forwardRef: (render) => (props) => render(props, null),
    useContext,
    useState: (initial) => [typeof initial === "function" ? initial() : initial, noop],
    useReducer: (_, initial, start) => [start ? start(initial) : initial, noop],
    useMemo: (make) => make(),
    useCallback: (callback) => callback,
    useRef: (value) => ({ current: value }),
    useId: () => `id-${ids++}`,
    useEffect: noop,
    useLayoutEffect: noop,
    useInsertionEffect: noop,
    useImperativeHandle: noop,
  };
  __modules.react = { ...react, default: react };
  __modules["react/jsx-runtime"] = { Fragment, jsx: element, jsxs: element };

  globalThis.__react = { Fragment, isElement, createElement, createContext, provide, useContext, flat };
})();
