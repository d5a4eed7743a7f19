/** Settings of an emulator to start. */
export interface StartOptions {
  /** Options of the emulator, those of `pictify-emulator --help`. */
  options?: readonly string[];
  /** Command that starts the emulator, if it is not the one that `findProgram()` returns. */
  command?: readonly string[];
}

/** Fault to inject, and the requests that it applies to. */
export interface Fault {
  /** Operation ID in the contract, such as `createImage`; every operation if there is none. */
  operation?: string;
  /** Numbers of the matching requests, counted from 1. */
  onCalls?: number[];
  /** Probability from 0 to 1. */
  probability?: number;
  /** Runs the handler, and bills, before the fault. */
  afterHandler?: boolean;
  /** Delay of the response in milliseconds. */
  delayMs?: number;
  /** Status of the response. */
  status?: number;
  /** Headers of the response. */
  headers?: Record<string, string>;
  /** Body of the response: JSON, or a string that is sent as it is. */
  body?: unknown;
  /** Closes the connection without a response. */
  reset?: boolean;
  /** Closes the connection after so many bytes of the body. */
  truncateAfter?: number;
}

/** A billed call. */
export interface LedgerEntry {
  requestId: string;
  operation: string;
  renders: number;
  at: string;
  idempotencyKey: string | null;
}

/** A received request without headers and bodies. */
export interface RequestSummary {
  /** Number of the request since the start of the server. */
  sequence: number;
  /** Request ID, the header `X-Request-Id` of the response. */
  id: string;
  at: string;
  /** Operation ID in the contract; null if the request is not one for an operation. */
  operation: string | null;
  method: string;
  /** Path and query string. */
  path: string;
  /** Status of the response; null if the connection was closed without one. */
  status: number | null;
  durationMs: number;
}

/** Headers and body of a request or response. Secrets are removed. */
export interface RecordedContent {
  headers: Record<string, string>;
  /** Body, if it is JSON of at most 64 KiB. */
  json?: any;
  /** Body as a text if it is not JSON, or the start of a longer one. */
  text?: string;
  size: number | null;
  isTruncated: boolean;
}

/** A received request and its response. */
export interface RecordedRequest extends RequestSummary {
  request: RecordedContent;
  response: RecordedContent;
}

/** Conditions of received requests. */
export interface RequestFilters {
  /** Operation ID in the contract, such as `createImage`. */
  operation?: string;
  method?: string;
  /** Path without the query string. A `*` at the end stands for anything. */
  path?: string;
  status?: number;
  /** Sequence number: only requests after that one. */
  since?: number;
  limit?: number;
}

/** Template with the members of `POST /templates`, such as `html`, `width` and `variableDefinitions`. */
export interface SeedTemplate {
  /** ID; a random one by default. */
  uid?: string;
  name: string;
  /** Values that become the defaults of the variables which have none. */
  sample?: Record<string, unknown>;
  [member: string]: unknown;
}

/** Part of the state: all stored data with the ledger, the recorded requests, the faults, the clock. */
export type Part = "documents" | "requests" | "faults" | "clock";

/** A JSON object of the API. */
export type JsonObject = Record<string, any>;

/** Conditions of a list: the query parameters of the admin API. */
export type Filters = Record<string, string | number | boolean | undefined>;

/** A local Pictify. */
export class Emulator {
  /** Creates a handle for the emulator at an address. */
  constructor(url: string, apiKey?: string);
  /** Base URL, without a slash at its end. */
  readonly url: string;
  /** API key that the emulator accepts. */
  apiKey: string;
  /** Environment variables for programs that call the emulator. */
  get env(): Record<string, string>;
  /** Last lines of the program's output; empty if the program was started elsewhere. */
  get log(): string;
  /** Calls the API with the key, and returns the JSON of the response. Throws `StatusError` for an error status. */
  call<T = any>(method: string, path: string, body?: unknown): Promise<T>;
  /** Returns a rendered file by the URL of a response. */
  download(url: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Resets everything, or some parts. */
  reset(...parts: Part[]): Promise<void>;
  /** Saves all stored data under a name. */
  snapshot(name: string): Promise<void>;
  /** Replaces all stored data with those of a snapshot. */
  restore(name: string): Promise<void>;
  /**
   * Stores templates and returns their IDs and names. Without templates, the folder of the option `--seed` is read again.
   */
  seed(...templates: SeedTemplate[]): Promise<{ uid: string; name: string }[]>;
  /** Returns the received requests and their responses, newest first. */
  requests(filters?: RequestFilters): Promise<RecordedRequest[]>;
  /**
   * Waits until requests match, one and 5 seconds by default, and returns them, oldest first. Earlier ones count, too.
   * Throws `NoMatchingRequest`, which lists the requests that came instead.
   */
  waitForRequests(filters?: RequestFilters & { count?: number; timeout?: number }): Promise<RecordedRequest[]>;
  /** Sends a received request again, and returns it with its new response. */
  replay(requestId: string): Promise<RecordedRequest>;
  /** Fails the next requests, one by default: `failNext({ operation: "createImage", status: 503, count: 2 })`. */
  failNext(fault?: Fault & { count?: number }): Promise<void>;
  /** Replaces the faults. */
  setFaults(faults: readonly Fault[], seed?: number): Promise<void>;
  /** Removes all faults. */
  clearFaults(): Promise<void>;
  /** Returns the billed renders: the number of all, and the calls, oldest first. */
  ledger(filters?: Filters): Promise<{ renders: number; entries: LedgerEntry[] }>;
  /** Returns the webhook deliveries, newest first, with their attempts. */
  deliveries(filters?: Filters): Promise<JsonObject[]>;
  /** Sends a webhook delivery again. */
  resend(deliveryId: string): Promise<JsonObject>;
  /** Returns the time of the emulator. */
  now(): Promise<Date>;
  /** Stops the clock at a time, and returns it. */
  freeze(at?: Date | string): Promise<Date>;
  /**
   * Advances the clock by seconds or by an ISO 8601 duration such as `P1M`, and returns the time. Retries of webhooks, data of
   * bindings, schedules, quotas and rate limits follow.
   */
  advance(by: number | string): Promise<Date>;
  /** Returns the clock to the time of the machine. */
  resume(): Promise<Date>;
  /** Fails if the server is not an emulator. */
  check(): Promise<void>;
  /** Stops the program, if this object has started it. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The emulator was not found, did not start, or did not respond. */
export class EmulatorError extends Error {}

/** A response with an error status. */
export class StatusError extends EmulatorError {
  /** Status of the response. */
  readonly status: number;
  /** Body of the response. */
  readonly body: string;
  /** Parses the body of the response. */
  json<T = any>(): T;
}

/** The expected requests did not come in time. */
export class NoMatchingRequest extends EmulatorError {
  /** Requests that came, newest first. */
  readonly received: RequestSummary[];
}

/** Returns the command that starts the emulator, without options. */
export function findProgram(): string[];

/** Starts a new emulator on a free port. It ends with this process, or when it is stopped. */
export function startEmulator(settings?: StartOptions): Promise<Emulator>;

/**
 * Returns the emulator at `PICTIFY_BASE_URL`, or starts one if there is none. It is an error if a server runs there that is
 * not an emulator, or if another machine does not respond: tests must not call the real service by mistake.
 */
export function useEmulator(settings?: StartOptions): Promise<Emulator>;

/**
 * Returns the default export of a `globalSetup` file of vitest or jest: it uses or starts an emulator, sets
 * `PICTIFY_BASE_URL` and `PICTIFY_API_KEY` for the test files, and returns a function that stops the emulator.
 */
export function globalSetup(settings?: StartOptions): () => Promise<() => Promise<void>>;
