/** The emulator was not found, did not start, or did not respond. */
export class EmulatorError extends Error {
  name = "EmulatorError";
}

/** A response with an error status. */
export class StatusError extends EmulatorError {
  name = "StatusError";

  /**
   * @param {string} method
   * @param {string} url
   * @param {number} status
   * @param {string} body
   */
  constructor(method, url, status, body) {
    super(`${method} ${url}: ${status} ${body.slice(0, 1000)}`);
    this.status = status;
    this.body = body;
  }

  json() {
    return JSON.parse(this.body);
  }
}

/** The expected requests did not come in time. */
export class NoMatchingRequest extends EmulatorError {
  name = "NoMatchingRequest";

  /** @param {{ message: string, received?: import("../index.d.ts").RequestSummary[] }} body */
  constructor({ message, received = [] }) {
    const lines = received.map(({ method, path, status }) => `  ${method} ${path}: ${status}`);
    super([`${message}. Received:`, ...(lines.length > 0 ? lines : ["  nothing"])].join("\n"));
    this.received = received;
  }
}
