/** The emulator as tests see it: its address, calls of the API, and the admin API. */

import { setTimeout as sleep } from "node:timers/promises";
import { EmulatorError, NoMatchingRequest, StatusError } from "./errors.js";
import { Program } from "./program.js";

/** @typedef {import("../index.d.ts").StartOptions} StartOptions */
/** @typedef {import("../index.d.ts").Emulator} Documented */

/** API key of the tests. A started emulator accepts any key. */
const DEFAULT_API_KEY = "emulator";

/** Environment variables that clients of Pictify read. */
const URL_VARIABLE = "PICTIFY_BASE_URL";
const KEY_VARIABLE = "PICTIFY_API_KEY";

/** Time for a response, in milliseconds. A render is one. */
const RESPONSE_TIMEOUT = 120_000;

/** Time for the first response of a started program, in milliseconds. */
const HEALTH_TIMEOUT = 30_000;

/** @implements {Documented} */
export class Emulator {
  #program;

  /**
   * @param {string} url
   * @param {string} apiKey
   * @param {Program} [program]
   */
  constructor(url, apiKey = DEFAULT_API_KEY, program) {
    this.url = url.replace(/\/+$/, "");
    this.apiKey = apiKey;
    this.#program = program;
  }

  get env() {
    /** @type {Record<string, string>} */
    const variables = { [URL_VARIABLE]: this.url, [KEY_VARIABLE]: this.apiKey };
    if (!isLoopback(this.url)) {
      // The SDK for Rust otherwise sends keys to other machines by https only.
      variables.PICTIFY_ALLOW_INSECURE_HTTP = "1";
    }
    return variables;
  }

  get log() {
    return this.#program?.log ?? "";
  }

  async stop() {
    await this.#program?.stop();
  }

  async [Symbol.asyncDispose]() {
    await this.stop();
  }

  // Calls of the API

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   */
  async call(method, path, body) {
    return toJson(await send(method, this.url + path, body, { authorization: `Bearer ${this.apiKey}` }));
  }

  /** @param {string} url */
  async download(url) {
    const response = await send("GET", new URL(url, this.url).href);
    return new Uint8Array(await response.arrayBuffer());
  }

  // Admin API

  /** @param {import("../index.d.ts").Part[]} parts */
  async reset(...parts) {
    const body = Object.fromEntries(parts.map((part) => [part, true]));
    await this.#admin("POST", "reset", parts.length > 0 ? body : undefined);
  }

  /** @param {string} name */
  async snapshot(name) {
    await this.#admin("PUT", `snapshots/${encodeURIComponent(name)}`);
  }

  /** @param {string} name */
  async restore(name) {
    await this.#admin("POST", `snapshots/${encodeURIComponent(name)}/restore`);
  }

  /** @param {import("../index.d.ts").SeedTemplate[]} templates */
  async seed(...templates) {
    return (await this.#admin("POST", "seed", templates.length > 0 ? { templates } : undefined)).templates;
  }

  /** @param {import("../index.d.ts").RequestFilters} [filters] */
  async requests(filters) {
    return (await this.#admin("GET", "requests", undefined, filters)).requests;
  }

  /** @param {import("../index.d.ts").RequestFilters & { count?: number; timeout?: number }} [filters] */
  async waitForRequests(filters) {
    try {
      return (await this.#admin("GET", "requests/wait", undefined, filters)).requests;
    } catch (error) {
      if (error instanceof StatusError && error.status === 408) {
        throw new NoMatchingRequest(error.json());
      }
      throw error;
    }
  }

  /** @param {string} requestId */
  async replay(requestId) {
    return (await this.#admin("POST", `requests/${encodeURIComponent(requestId)}/replay`)).request;
  }

  /** @param {import("../index.d.ts").Fault & { count?: number }} fault */
  async failNext(fault = {}) {
    const hasEffect = ["status", "reset", "delayMs", "truncateAfter"].some((member) => member in fault);
    await this.#admin("POST", "faults/next", hasEffect ? fault : { ...fault, status: 503 });
  }

  /**
   * @param {readonly import("../index.d.ts").Fault[]} faults
   * @param {number} seed
   */
  async setFaults(faults, seed = 0) {
    await this.#admin("PUT", "faults", { seed, faults });
  }

  async clearFaults() {
    await this.#admin("DELETE", "faults");
  }

  /** @param {import("../index.d.ts").Filters} [filters] */
  async ledger(filters) {
    return this.#admin("GET", "ledger", undefined, filters);
  }

  /** @param {import("../index.d.ts").Filters} [filters] */
  async deliveries(filters) {
    return (await this.#admin("GET", "deliveries", undefined, filters)).deliveries;
  }

  /** @param {string} deliveryId */
  async resend(deliveryId) {
    return this.#admin("POST", `deliveries/${encodeURIComponent(deliveryId)}/resend`);
  }

  async now() {
    return toDate(await this.#admin("GET", "clock"));
  }

  /** @param {Date | string} at */
  async freeze(at = "now") {
    return toDate(await this.#admin("PUT", "clock", { freeze: at instanceof Date ? at.toISOString() : at }));
  }

  /** @param {number | string} by */
  async advance(by) {
    return toDate(await this.#admin("POST", "clock/advance", typeof by === "string" ? { duration: by } : { seconds: by }));
  }

  async resume() {
    return toDate(await this.#admin("DELETE", "clock"));
  }

  /** Fails if the server is not an emulator. */
  async check() {
    await this.#admin("GET", "health");
  }

  /**
   * @param {string} method
   * @param {string} name
   * @param {unknown} [body]
   * @param {object} query
   */
  async #admin(method, name, body, query = {}) {
    const url = new URL(`${this.url}/_emulator/${name}`);
    for (const [key, value] of Object.entries(query)) {
      if (value !== undefined) {
        url.searchParams.set(key, String(value));
      }
    }
    return toJson(await send(method, url.href, body));
  }
}

/** @param {StartOptions} [settings] */
export async function startEmulator(settings = {}) {
  const program = await Program.start(settings);
  const emulator = new Emulator(program.url, option(settings.options ?? [], "--api-key"), program);
  try {
    await waitForHealth(emulator);
    return emulator;
  } catch (error) {
    await emulator.stop();
    throw error;
  }
}

/** @param {StartOptions} [settings] */
export async function useEmulator(settings = {}) {
  const url = process.env[URL_VARIABLE];
  if (!url) {
    return startEmulator(settings);
  }
  const running = new Emulator(url, process.env[KEY_VARIABLE] || DEFAULT_API_KEY);
  try {
    await running.check();
    return running;
  } catch (error) {
    // A page for any path is not JSON.
    if (error instanceof StatusError || error instanceof SyntaxError) {
      throw new EmulatorError(`${URL_VARIABLE} is ${url}, which is not an emulator. ${error.message}`, { cause: error });
    }
    if (!isLoopback(url)) {
      throw new EmulatorError(`${URL_VARIABLE} is ${url}, but there is no emulator. ${message(error)}`, { cause: error });
    }
  }
  try {
    return await startEmulator(settings);
  } catch (error) {
    throw new EmulatorError(`${URL_VARIABLE} is ${url}, but no server runs there.\n${message(error)}`, { cause: error });
  }
}

/** @param {StartOptions} [settings] */
export function globalSetup(settings = {}) {
  return async () => {
    const emulator = await useEmulator(settings);
    const before = new Map(Object.keys(emulator.env).map((name) => [name, process.env[name]]));
    Object.assign(process.env, emulator.env);
    return async () => {
      for (const [name, value] of before) {
        if (value === undefined) {
          delete process.env[name];
        } else {
          process.env[name] = value;
        }
      }
      await emulator.stop();
    };
  };
}

/** @param {Emulator} emulator */
async function waitForHealth(emulator) {
  const deadline = Date.now() + HEALTH_TIMEOUT;
  for (;;) {
    try {
      await send("GET", `${emulator.url}/health`);
      return;
    } catch (error) {
      if (Date.now() > deadline) {
        throw error;
      }
      await sleep(50);
    }
  }
}

/**
 * @param {string} method
 * @param {string} url
 * @param {unknown} [body]
 * @param {Record<string, string>} headers
 */
async function send(method, url, body, headers = {}) {
  /** @type {RequestInit} */
  const request = { method, headers, signal: AbortSignal.timeout(RESPONSE_TIMEOUT) };
  if (body !== undefined) {
    request.body = JSON.stringify(body);
    request.headers = { ...headers, "content-type": "application/json" };
  }
  let response;
  try {
    response = await fetch(url, request);
  } catch (error) {
    const cause = error instanceof Error && error.cause ? error.cause : error;
    throw new EmulatorError(`${method} ${url} has no response: ${message(cause)}`, { cause: error });
  }
  if (!response.ok) {
    throw new StatusError(method, url, response.status, await response.text());
  }
  return response;
}

/** @param {Response} response */
async function toJson(response) {
  const text = await response.text();
  return text === "" ? undefined : JSON.parse(text);
}

/** @param {{ now: string }} clock */
function toDate(clock) {
  return new Date(clock.now);
}

/** @param {unknown} error */
function message(error) {
  return error instanceof Error ? error.message || error.name : String(error);
}

/** @param {string} url */
function isLoopback(url) {
  try {
    const host = new URL(url).hostname;
    return host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host);
  } catch {
    return false;
  }
}

/**
 * Returns the first value of an option: `--name value` or `--name=value`.
 *
 * @param {readonly string[]} options
 * @param {string} name
 */
function option(options, name) {
  for (const [index, text] of options.entries()) {
    if (text === name) {
      return options[index + 1];
    }
    if (text.startsWith(`${name}=`)) {
      return text.slice(name.length + 1);
    }
  }
  return undefined;
}
