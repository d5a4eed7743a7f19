// Animation functions of the module "remotion": interpolation, easing and springs.
"use strict";
(() => {
  const clampTo = (value, min, max) => Math.min(Math.max(value, min), max);

  // Bisection instead of Newton's method: it needs no derivative and always converges.
  const bezier = (x1, y1, x2, y2) => {
    const at = (a, b, t) => 3 * (1 - t) * (1 - t) * t * a + 3 * (1 - t) * t * t * b + t * t * t;
    return (x) => {
      if (x <= 0 || x >= 1) return clampTo(x, 0, 1);
      let [low, high] = [0, 1];
      for (let step = 0; step < 40; step++) {
        const middle = (low + high) / 2;
        if (at(x1, x2, middle) < x) low = middle;
        else high = middle;
      }
      return at(y1, y2, (low + high) / 2);
    };
  };
  const out = (easing) => (t) => 1 - easing(1 - t);
  const bounceOut = (t) => {
    const [steepness, parts] = [7.5625, 2.75];
    for (const [end, middle, height] of [[1, 0, 0], [2, 1.5, 0.75], [2.5, 2.25, 0.9375]]) {
      if (t < end / parts) return steepness * (t - middle / parts) ** 2 + height;
    }
    return steepness * (t - 2.625 / parts) ** 2 + 0.984375;
  };
  const Easing = {
    linear: (t) => t,
    ease: bezier(0.42, 0, 1, 1),
    quad: (t) => t * t,
    cubic: (t) => t ** 3,
    poly: (power) => (t) => t ** power,
    sin: (t) => 1 - Math.cos((t * Math.PI) / 2),
    circle: (t) => 1 - Math.sqrt(1 - t * t),
    exp: (t) => (t === 0 ? 0 : 2 ** (10 * (t - 1))),
    elastic: (bounciness = 1) => (t) => 1 - Math.cos((t * Math.PI) / 2) ** 3 * Math.cos(t * bounciness * Math.PI),
    back: (overshoot = 1.70158) => (t) => t * t * ((overshoot + 1) * t - overshoot),
    bounce: bounceOut,
    bezier,
    step0: (t) => (t > 0 ? 1 : 0),
    step1: (t) => (t >= 1 ? 1 : 0),
    in: (easing) => easing,
    out,
    inOut: (easing) => (t) => (t < 0.5 ? easing(t * 2) / 2 : 1 - easing((1 - t) * 2) / 2),
  };

  const checkRanges = (inputs, outputs) => {
    if (!Array.isArray(inputs) || !Array.isArray(outputs) || inputs.length !== outputs.length) {
      throw new TypeError("interpolate: the input range and the output range must be arrays of the same length");
    }
    if (inputs.length < 2) throw new TypeError("interpolate: a range needs at least two numbers");
    if (inputs.some((value, index) => index > 0 && !(value > inputs[index - 1]))) {
      throw new TypeError(`interpolate: the input range must rise, not be ${inputs.join(", ")}`);
    }
  };
  const segmentOf = (input, inputs) => {
    let segment = 1;
    while (segment < inputs.length - 1 && input >= inputs[segment]) segment++;
    return segment;
  };
  const interpolate = (input, inputs, outputs, options = {}) => {
    checkRanges(inputs, outputs);
    if (typeof input !== "number") throw new TypeError(`interpolate: the input is ${typeof input}, not a number`);
    const segment = segmentOf(input, inputs);
    const [from, to] = [inputs[segment - 1], inputs[segment]];
    const [start, end] = [outputs[segment - 1], outputs[segment]];
    const { easing = (t) => t, extrapolateLeft = "extend", extrapolateRight = "extend" } = options;
    let value = input;
    const outside = input < from ? extrapolateLeft : input > to ? extrapolateRight : "extend";
    if (outside === "identity") return input;
    if (outside === "clamp") value = clampTo(input, from, to);
    if (outside === "wrap") value = from + ((((input - from) % (to - from)) + (to - from)) % (to - from));
    return start === end ? start : start + easing((value - from) / (to - from)) * (end - start);
  };

  const NAMES = { black: "#000000", white: "#ffffff", red: "#ff0000", green: "#008000", blue: "#0000ff", transparent: "#00000000" };
  const channels = (color) => {
    const text = NAMES[color] ?? String(color);
    const hex = /^#([0-9a-f]+)$/i.exec(text)?.[1];
    if (hex && [3, 4, 6, 8].includes(hex.length)) {
      const width = hex.length < 5 ? 1 : 2;
      const parts = hex.match(width === 1 ? /./g : /../g).map((part) => parseInt(width === 1 ? part + part : part, 16));
      return [parts[0], parts[1], parts[2], (parts[3] ?? 255) / 255];
    }
    const parts = /^rgba?\(([^)]*)\)$/i.exec(text)?.[1].split(/[\s,/]+/).filter(Boolean).map(Number);
    if (parts && parts.length >= 3 && parts.every(Number.isFinite)) return [...parts.slice(0, 3), parts[3] ?? 1];
    throw new Unsupported(`interpolateColors with the color ${text}`);
  };
  const interpolateColors = (input, inputs, colors) => {
    const parts = colors.map(channels);
    const mixed = [0, 1, 2, 3].map((channel) =>
      interpolate(input, inputs, parts.map((part) => part[channel]), { extrapolateLeft: "clamp", extrapolateRight: "clamp" }),
    );
    const [red, green, blue] = mixed.map(Math.round);
    return `rgba(${red}, ${green}, ${blue}, ${Math.round(mixed[3] * 1000) / 1000})`;
  };

  // Position of a damped spring that is released at 0 and pulled to 1, after this many seconds.
  const springPosition = (seconds, { mass = 1, damping = 10, stiffness = 100, overshootClamping = false } = {}) => {
    if (seconds <= 0) return 0;
    const frequency = Math.sqrt(stiffness / mass);
    const ratio = damping / (2 * Math.sqrt(stiffness * mass));
    let distance;
    if (ratio < 1) {
      const dampedFrequency = frequency * Math.sqrt(1 - ratio * ratio);
      const decay = Math.exp(-ratio * frequency * seconds);
      distance =
        decay *
        (Math.cos(dampedFrequency * seconds) +
          ((ratio * frequency) / dampedFrequency) * Math.sin(dampedFrequency * seconds));
    } else {
      distance = Math.exp(-frequency * seconds) * (1 + frequency * seconds);
    }
    return overshootClamping ? Math.min(1 - distance, 1) : 1 - distance;
  };
  const measureSpring = ({ fps, config, threshold = 0.005 }) => {
    // The spring overshoots before it settles: the last frame outside the threshold decides.
    const MAX_FRAMES = 60 * fps;
    let settled = 0;
    for (let frame = 0; frame < MAX_FRAMES; frame++) {
      if (Math.abs(1 - springPosition(frame / fps, config)) >= threshold) settled = frame + 1;
      else if (frame - settled > 2 * fps) break;
    }
    return settled;
  };
  const spring = ({ frame, fps, config, from = 0, to = 1, durationInFrames, delay = 0, reverse = false }) => {
    let elapsed = frame - delay;
    const natural = durationInFrames === undefined && !reverse ? undefined : measureSpring({ fps, config });
    if (reverse) elapsed = (durationInFrames ?? natural) - elapsed;
    if (durationInFrames !== undefined) elapsed = (elapsed * natural) / durationInFrames;
    return from + springPosition(elapsed / fps, config) * (to - from);
  };

  // Deterministic for each seed, but the numbers differ from those of Remotion.
  const random = (seed) => {
    if (seed === null) return Math.random();
    let state = 2166136261;
    for (const letter of String(seed)) state = Math.imul(state ^ letter.codePointAt(0), 16777619);
    state = Math.imul(state ^ (state >>> 15), 2246822507);
    state = Math.imul(state ^ (state >>> 13), 3266489909);
    return ((state ^ (state >>> 16)) >>> 0) / 4294967296;
  };

  // The JavaScript engine has no locale data, so numbers are formatted as in English.
  Number.prototype.toLocaleString = function (_, { minimumFractionDigits = 0, maximumFractionDigits = Math.max(3, minimumFractionDigits) } = {}) {
    const [whole, rest = ""] = Number(this).toFixed(maximumFractionDigits).split(".");
    const fraction = rest.replace(/0+$/, "").padEnd(minimumFractionDigits, "0");
    return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction ? `.${fraction}` : "");
  };
  globalThis.Intl = __unsupported("Intl");

  globalThis.__animation = { Easing, interpolate, interpolateColors, measureSpring, spring, random };
})();
