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
  /** Returns the billed renders: their number, and the calls. */
  ledger(filters?: Filters): Promise<{ renders: number; entries: LedgerEntry[] }>;
  /** Returns the webhook deliveries, newest first, with their attempts. */
  deliveries(filters?: Filters): Promise<JsonObject[]>;
  /** Sends a webhook delivery again. */
  resend(deliveryId: string): Promise<JsonObject>;
  /** Replaces the faults. */
  setFaults(faults: readonly Fault[], seed?: number): Promise<void>;
  /** Removes all faults. */
  clearFaults(): Promise<void>;
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
