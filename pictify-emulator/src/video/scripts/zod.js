// What scenes import from "zod": a schema says which variables a scene takes. Checks that are not known here pass.
"use strict";
(() => {
  const KNOWN = {
    default(value) {
      return { fallback: typeof value === "function" ? value() : value };
    },
    optional: () => ({ isOptional: true }),
    nullish: () => ({ isOptional: true, isNullable: true }),
    nullable: () => ({ isNullable: true }),
    describe: (description) => ({ description }),
    url: () => ({ isUrl: true }),
    int: () => ({ isWhole: true }),
    min: (least) => ({ least }),
    max: (most) => ({ most }),
    nonempty: () => ({ least: 1 }),
    length: (length) => ({ least: length, most: length }),
    gte: (least) => ({ least }),
    lte: (most) => ({ most }),
    positive: () => ({ above: 0 }),
    gt: (above) => ({ above }),
    nonnegative: () => ({ least: 0 }),
  };

  // A type is a record of what is known of it; every method gives another.
  const type = (about) =>
    new Proxy(about, {
      get: (_, name) => {
        if (name === "$type") return about;
        if (name === "shape") return about.shape;
        if (name === "parse") return (value) => value;
        if (name === "safeParse") return (data) => ({ success: true, data });
        if (name === "extend" || name === "merge") {
          return (other) => type({ ...about, shape: { ...about.shape, ...(other.$type?.shape ?? other) } });
        }
        if (typeof name === "symbol" || name === "then") return undefined;
        if (name === "array") return () => type({ kind: "array", of: about });
        const known = KNOWN[name];
        return (...given) => type(known ? { ...about, ...known(...given) } : about);
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
  const named = (about) => {
    if (about.kind === "string") {
      if (about.isUrl) return "url";
      return about.isColor || HEX.test(about.fallback) ? "color" : "text";
    }
    return { choice: "text", any: "object" }[about.kind] ?? about.kind;
  };

  const define = ([name, field]) => {
    const about = field?.$type;
    const definition = { name, type: named(about) };
    if (about.fallback !== undefined) definition.defaultValue = about.fallback;
    if (about.description) definition.description = about.description;
    const validation = {};
    if (about.kind === "string" && about.least !== undefined) validation.minLength = about.least;
    if (about.kind === "string" && about.most !== undefined) validation.maxLength = about.most;
    if (about.choices) validation.enum = about.choices;
    if (Object.keys(validation).length > 0) definition.validation = validation;
    return definition;
  };

  // What is wrong with a schema, and the variables that it defines.
  globalThis.__describe = (schema) => {
    const shape = schema?.$type?.kind === "object" ? schema.$type.shape : undefined;
    if (!shape) return { errors: ["The scene must export a zod object as schema"], definitions: [] };
    const errors = [];
    const fields = Object.entries(shape);
    for (const [name, field] of fields) {
      const about = field?.$type;
      if (!about) errors.push(`schema.${name}: it is no zod type`);
      else if (about.kind === "object") errors.push(`schema.${name}: the fields of a schema must be flat, this one is an object`);
      else if (about.fallback === undefined && !about.isOptional) errors.push(`schema.${name}: it needs a default`);
    }
    return { errors, definitions: errors.length > 0 ? [] : fields.map(define) };
  };

  const KINDS = {
    string: (value) => typeof value === "string",
    number: (value) => typeof value === "number",
    boolean: (value) => typeof value === "boolean",
    date: (value) => !Number.isNaN(Date.parse(value)),
    array: Array.isArray,
  };
  const wrong = (about, value) => {
    if (value === null && about.isNullable) return undefined;
    if (about.choices) return about.choices.includes(value) ? undefined : `is not one of ${about.choices.join(", ")}`;
    if (KINDS[about.kind] && !KINDS[about.kind](value)) return `is not of type ${about.kind}`;
    if (about.isWhole && !Number.isInteger(value)) return "is not a whole number";
    if (about.isColor && !/^(#|rgb|hsl|[a-z]+$)/i.test(value)) return "is not a color";
    if (about.isUrl && !/^[a-z][-+.a-z0-9]*:/i.test(value)) return "is not a URL";
    const unit = { string: " characters", array: " items" }[about.kind] ?? "";
    const size = unit ? (typeof value === "string" ? [...value] : value).length : value;
    if (about.least !== undefined && size < about.least) return `is less than ${about.least}${unit}`;
    if (about.most !== undefined && size > about.most) return `is more than ${about.most}${unit}`;
    if (about.above !== undefined && size <= about.above) return `is not more than ${about.above}`;
    return undefined;
  };

  // The values that a scene is drawn with: those given and the defaults of the others. A wrong one is named.
  globalThis.__fill = (schema, given) => {
    const props = { ...given };
    for (const [name, field] of Object.entries(schema.$type.shape)) {
      const about = field.$type;
      const value = props[name] ?? (about.isNullable && props[name] === null ? null : about.fallback);
      if (value === undefined) continue;
      const problem = wrong(about, value);
      if (problem) return { problem: `Variable "${name}" ${problem}` };
      props[name] = value;
    }
    return { props };
  };
})();
