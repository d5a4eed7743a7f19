// Module "zod": the schema defines the variables of a scene. Checks that are not implemented here always pass.
"use strict";
(() => {
  const METHODS = {
    default(value) {
      return { fallback: typeof value === "function" ? value() : value };
    },
    optional: () => ({ isOptional: true }),
    nullish: () => ({ isOptional: true, isNullable: true }),
    nullable: () => ({ isNullable: true }),
    describe: (description) => ({ description }),
    url: () => ({ isUrl: true }),
    int: () => ({ isWhole: true }),
    min: (min) => ({ min }),
    max: (max) => ({ max }),
    nonempty: () => ({ min: 1 }),
    length: (length) => ({ min: length, max: length }),
    gte: (min) => ({ min }),
    lte: (max) => ({ max }),
    positive: () => ({ above: 0 }),
    gt: (above) => ({ above }),
    nonnegative: () => ({ min: 0 }),
  };

  // A type is an immutable record of its properties; every method returns a new type.
  const type = (info) =>
    new Proxy(info, {
      get: (_, name) => {
        if (name === "$type") return info;
        if (name === "shape") return info.shape;
        if (name === "parse") return (value) => value;
        if (name === "safeParse") return (data) => ({ success: true, data });
        if (name === "extend" || name === "merge") {
          return (other) => type({ ...info, shape: { ...info.shape, ...(other.$type?.shape ?? other) } });
        }
        if (typeof name === "symbol" || name === "then") return undefined;
        if (name === "array") return () => type({ kind: "array", of: info });
        const method = METHODS[name];
        return (...args) => type(method ? { ...info, ...method(...args) } : info);
      },
    });

  const of = (kind) => () => type({ kind });
  const choices = (values) => type({ kind: "choice", choices: Array.isArray(values) ? values : Object.values(values) });
  const z = {
    string: of("string"),
    number: of("number"),
    boolean: of("boolean"),
    date: of("date"),
    any: of("any"),
    unknown: of("any"),
    array: (item) => type({ kind: "array", of: item?.$type }),
    tuple: () => type({ kind: "array" }),
    object: (shape) => type({ kind: "object", shape }),
    record: of("object"),
    enum: choices,
    nativeEnum: choices,
    literal: (value) => choices([value]),
    union: of("any"),
    discriminatedUnion: of("any"),
    optional: (inner) => inner.optional(),
    nullable: (inner) => inner.nullable(),
    url: () => type({ kind: "string", isUrl: true }),
    email: of("string"),
    int: () => type({ kind: "number", isWhole: true }),
    infer: undefined,
  };
  z.coerce = z;
  const exported = new Proxy(z, { get: (known, name) => (name in known || typeof name === "symbol" ? known[name] : of("any")) });
  __modules.zod = { ...z, z: exported, default: exported };
  __modules["zod/v4"] = __modules["zod/v3"] = __modules.zod;
  __modules["@remotion/zod-types"] = {
    zColor: () => type({ kind: "string", isColor: true }),
    zTextarea: of("string"),
  };

  const HEX = /^#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i;
  // A description that is the name of a type means that type.
  const TYPE_NAMES = new Set(["text", "image", "color", "number", "boolean", "url", "date", "array", "object", "video", "audio"]);
  const typeName = (info) => {
    if (TYPE_NAMES.has(info.description)) return info.description;
    if (info.kind === "string") {
      if (info.isUrl) return "url";
      return info.isColor || HEX.test(info.fallback) ? "color" : "text";
    }
    return { choice: "text", any: "object" }[info.kind] ?? info.kind;
  };

  const define = ([name, field]) => {
    const info = field?.$type;
    const definition = { name, type: typeName(info) };
    if (info.fallback !== undefined) definition.defaultValue = info.fallback;
    if (info.description && !TYPE_NAMES.has(info.description)) definition.description = info.description;
    const validation = {};
    if (info.kind === "string" && info.min !== undefined) validation.minLength = info.min;
    if (info.kind === "string" && info.max !== undefined) validation.maxLength = info.max;
    if (info.choices) validation.enum = info.choices;
    if (Object.keys(validation).length > 0) definition.validation = validation;
    return definition;
  };

  // Returns the fields of a schema: of a zod object, or of a plain object with zod types. Undefined for other values.
  const fieldsOf = (schema) => {
    const info = schema?.$type;
    if (info) return info.kind === "object" ? info.shape : undefined;
    return typeof schema === "object" && schema !== null && !Array.isArray(schema) ? schema : undefined;
  };

  // Returns the errors of a schema, and the definitions of its variables.
  globalThis.__describeSchema = (schema) => {
    const shape = fieldsOf(schema);
    if (!shape) return { errors: ["The scene must export a zod object as schema"], definitions: [] };
    const errors = [];
    const fields = Object.entries(shape);
    for (const [name, field] of fields) {
      const info = field?.$type;
      if (!info) errors.push(`schema.${name}: this is not a zod type`);
      else if (info.kind === "object") errors.push(`schema.${name}: the fields of a schema must be flat, this one is an object`);
      else if (info.fallback === undefined && !info.isOptional) errors.push(`schema.${name}: it needs a default`);
    }
    return { errors, definitions: errors.length > 0 ? [] : fields.map(define) };
  };

  const TYPE_CHECKS = {
    string: (value) => typeof value === "string",
    number: (value) => typeof value === "number",
    boolean: (value) => typeof value === "boolean",
    date: (value) => !Number.isNaN(Date.parse(value)),
    array: Array.isArray,
  };
  const findProblem = (info, value) => {
    if (value === null && info.isNullable) return undefined;
    if (info.choices) return info.choices.includes(value) ? undefined : `is not one of ${info.choices.join(", ")}`;
    if (TYPE_CHECKS[info.kind] && !TYPE_CHECKS[info.kind](value)) return `is not of type ${info.kind}`;
    if (info.isWhole && !Number.isInteger(value)) return "is not a whole number";
    if (info.isColor && !/^(#|rgb|hsl|[a-z]+$)/i.test(value)) return "is not a color";
    if (info.isUrl && !/^[a-z][-+.a-z0-9]*:/i.test(value)) return "is not a URL";
    const unit = { string: " characters", array: " items" }[info.kind] ?? "";
    const size = unit ? (typeof value === "string" ? [...value] : value).length : value;
    if (info.min !== undefined && size < info.min) return `is less than ${info.min}${unit}`;
    if (info.max !== undefined && size > info.max) return `is more than ${info.max}${unit}`;
    if (info.above !== undefined && size <= info.above) return `is not more than ${info.above}`;
    return undefined;
  };

  // Returns the props of a scene: the given values and the defaults of the others, or the first problem.
  globalThis.__resolveProps = (schema, values) => {
    const props = { ...values };
    for (const [name, field] of Object.entries(fieldsOf(schema) ?? {})) {
      const info = field.$type;
      const value = props[name] ?? (info.isNullable && props[name] === null ? null : info.fallback);
      if (value === undefined) continue;
      const problem = findProblem(info, value);
      if (problem) return { problem: `Variable "${name}" ${problem}` };
      props[name] = value;
    }
    return { props };
  };
})();
