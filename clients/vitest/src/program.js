/** The emulator's program: finds it, starts it, and makes sure that it ends. */

import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, parse, resolve } from "node:path";
import { EmulatorError } from "./errors.js";

/** Environment variable with the path of the program. */
const PROGRAM_VARIABLE = "PICTIFY_EMULATOR";

/** Time for the program to print its address, and to end by itself, in milliseconds. */
const START_TIMEOUT = 60_000;
const STOP_TIMEOUT = 5_000;

/** Maximum length of the output that is kept for error messages. */
const MAX_LOG_LENGTH = 64 * 1024;

const NOT_FOUND = `The Pictify emulator was not found. Do one of these:
  install it:           cargo install --locked pictify-emulator
  name the program:     ${PROGRAM_VARIABLE}=/path/to/pictify-emulator
  use a running server: PICTIFY_BASE_URL=http://127.0.0.1:4040`;

/** Programs that run. They end with this process. */
const running = new Set();
let endsWithProcess = false;

/** Returns the command that starts the emulator, without options. */
export function findProgram() {
  const named = process.env[PROGRAM_VARIABLE];
  const found = named ? which(named) : (which("pictify-emulator") ?? which("pictify"));
  if (found === undefined) {
    throw new EmulatorError(
      named ? `${PROGRAM_VARIABLE} is ${named}, which is not a program that can be run` : NOT_FOUND,
    );
  }
  // In the command line interface, the emulator is a subcommand.
  return parse(found).name === "pictify" ? [found, "emulator"] : [found];
}

/**
 * Finds a program by its path, or by its name on the search path.
 *
 * @param {string} name
 */
function which(name) {
  const endings = process.platform === "win32" ? ["", ".exe"] : [""];
  const folders = /[\\/]/.test(name) ? [""] : (process.env.PATH ?? "").split(delimiter);
  const files = folders.flatMap((folder) => endings.map((ending) => resolve(join(folder, name + ending))));
  return files.find(isProgram);
}

/** @param {string} file */
function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** A running emulator. */
export class Program {
  /** Base URL. Set as soon as the program is ready. */
  url = "";
  /** Last part of the output. */
  log = "";
  /** @type {import("node:child_process").ChildProcessWithoutNullStreams} */
  #child;
  /** @type {Promise<void>} */
  #ended;

  /**
   * Starts the program and waits for its address.
   *
   * @param {import("../index.d.ts").StartOptions} settings
   */
  static async start({ options = [], command = findProgram() } = {}) {
    const hasPort = options.some((option) => ["--port", "--config"].includes(option.split("=")[0]));
    const program = new Program([...command, ...(hasPort ? [] : ["--port", "0"]), ...options]);
    try {
      program.url = await program.#waitForUrl(command);
      return program;
    } catch (error) {
      await program.stop();
      throw error;
    }
  }

  /** @param {string[]} command */
  constructor([file, ...args]) {
    const child = spawn(file, args, {
      // The emulator stops when this pipe is closed, which happens even if this process is killed.
      env: { ...process.env, PICTIFY_STOP_WITH_STDIN: "true" },
      stdio: "pipe",
      // Ctrl-C is for the test runner, which stops the emulator when its tests have ended.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    this.#child = child;
    // The output is read to the end: a full pipe would stop the emulator.
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.log = (this.log + text).slice(-MAX_LOG_LENGTH);
      });
    }
    // The program may end while something is written.
    child.stdin.on("error", () => {});
    this.#ended = new Promise((resolve) => {
      child.once("close", () => resolve());
      child.once("error", (error) => {
        this.log += `${error.message}\n`;
        resolve();
      });
    });
    running.add(child);
    void this.#ended.then(() => running.delete(child));
    if (!endsWithProcess) {
      endsWithProcess = true;
      process.once("exit", () => running.forEach((child) => child.kill()));
    }
  }

  /** Ends the program. It may be called again. */
  async stop() {
    const child = this.#child;
    this.#setReferences(true);
    child.stdin.end();
    child.kill();
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT);
    await this.#ended;
    clearTimeout(timer);
  }

  /** @param {readonly string[]} command */
  async #waitForUrl(command) {
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    let problem = "ended before it was ready";
    const url = await new Promise((resolve) => {
      const find = () => {
        const found = /listening on (http:\/\/[^\s/]+)/.exec(this.log);
        if (found) {
          resolve(found[1]);
        }
      };
      this.#child.stdout.on("data", find);
      this.#child.stderr.on("data", find);
      void this.#ended.then(() => resolve(undefined));
      timer = setTimeout(() => {
        problem = `printed no address within ${START_TIMEOUT / 1000} s`;
        resolve(undefined);
      }, START_TIMEOUT);
    });
    clearTimeout(timer);
    if (url === undefined) {
      throw new EmulatorError(`${command.join(" ")} ${problem}. Its output:\n${this.log || "(none)"}`);
    }
    this.#setReferences(false);
    // A server that listens on all addresses is reached by the loopback address.
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
  }

  /**
   * Determines if this process waits for the end of the program before it ends.
   *
   * @param {boolean} isReferenced
   */
  #setReferences(isReferenced) {
    for (const handle of [this.#child, this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
      // The streams of a child process are sockets.
      const { ref, unref } = /** @type {import("node:net").Socket} */ (/** @type {unknown} */ (handle));
      (isReferenced ? ref : unref)?.call(handle);
    }
  }
}
