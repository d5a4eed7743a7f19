// Finding, starting and ending the program.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { findProgram, globalSetup, startEmulator, useEmulator } from "vitest-pictify";
import { isRunning, waitUntil } from "./support.js";

let folder;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitest-pictify-"));
  for (const name of ["PICTIFY_BASE_URL", "PICTIFY_API_KEY"]) {
    vi.stubEnv(name, undefined);
  }
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function hideProgram() {
  vi.stubEnv("PICTIFY_EMULATOR", undefined);
  vi.stubEnv("PATH", folder);
}

function writeProgram(path, text = "exit 0") {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe("the program", () => {
  test.each([
    [["pictify-emulator"], ["pictify-emulator"]],
    [["pictify"], ["pictify", "emulator"]],
    [["pictify", "pictify-emulator"], ["pictify-emulator"]],
  ])("of %s on the search path is found", (programs, [name, ...rest]) => {
    hideProgram();
    programs.forEach((program) => writeProgram(join(folder, program)));
    expect(findProgram()).toEqual([join(folder, name), ...rest]);
  });

  test("is the one that a variable names", () => {
    hideProgram();
    writeProgram(join(folder, "pictify-emulator"));
    mkdirSync(join(folder, "other"));
    const path = writeProgram(join(folder, "other", "pictify"));
    vi.stubEnv("PICTIFY_EMULATOR", path);
    expect(findProgram()).toEqual([path, "emulator"]);
    vi.stubEnv("PICTIFY_EMULATOR", `${path}-not-there`);
    expect(findProgram).toThrow(/PICTIFY_EMULATOR is .*-not-there, which is not a program/);
  });

  test("is missing: the error has instructions", async () => {
    hideProgram();
    await expect(useEmulator()).rejects.toThrow("cargo install --locked pictify-emulator");
  });

  test("does not start: the error has its output", async () => {
    const start = startEmulator({ options: ["--no-such-option"] });
    await expect(start).rejects.toThrow(/ended before it was ready[^]*unexpected argument '--no-such-option'/);
    const noFile = startEmulator({ command: [join(folder, "not-there")] });
    await expect(noFile).rejects.toThrow(/ended before it was ready[^]*ENOENT/);
  });

  test("writes much: it is not blocked", async () => {
    const loop = "i=0; while [ $i -lt 20000 ]; do echo 'a line of the log of the emulator'; i=$((i + 1)); done\nexit 1";
    const error = await startEmulator({ command: [writeProgram(join(folder, "noisy"), loop)] }).catch((error) => error);
    expect(error.message).toContain("ended before it was ready");
    expect(error.message.length).toBeLessThan(100_000);
  });
});

describe("PICTIFY_BASE_URL", () => {
  test("of a running emulator: it is used and not stopped", async () => {
    const running = await startEmulator();
    vi.stubEnv("PICTIFY_BASE_URL", `${running.url}/`);
    vi.stubEnv("PICTIFY_API_KEY", "of the environment");
    const used = await useEmulator();
    expect([used.url, used.apiKey]).toEqual([running.url, "of the environment"]);
    await used.stop();
    expect(await isRunning(running.url)).toBe(true);
    await running.stop();
    expect(await isRunning(running.url)).toBe(false);
  });

  test("without a server on this machine: an emulator is started", async () => {
    const stopped = await startEmulator();
    await stopped.stop();
    vi.stubEnv("PICTIFY_BASE_URL", stopped.url);
    const started = await useEmulator();
    expect(await isRunning(started.url)).toBe(true);
    await started.stop();
    hideProgram();
    await expect(useEmulator()).rejects.toThrow(/but no server runs there[^]*was not found/);
  });

  test("of another server: it is never used", async () => {
    let status = 404;
    const service = createServer((_, response) => response.writeHead(status).end("<html>")).listen(0, "127.0.0.1");
    await once(service, "listening");
    vi.stubEnv("PICTIFY_BASE_URL", `http://127.0.0.1:${service.address().port}`);
    await expect(useEmulator()).rejects.toThrow("which is not an emulator");
    // A page for any path.
    status = 200;
    await expect(useEmulator()).rejects.toThrow("which is not an emulator");
    service.closeAllConnections();
    service.close();
    vi.stubEnv("PICTIFY_BASE_URL", "http://emulator.invalid:4040");
    await expect(useEmulator()).rejects.toThrow("but there is no emulator");
  });
});

test("the teardown of a global setup stops its emulator and restores the environment", async () => {
  const teardown = await globalSetup({ options: ["--api-key", "right"] })();
  const url = process.env.PICTIFY_BASE_URL;
  expect(process.env.PICTIFY_API_KEY).toBe("right");
  expect(await isRunning(url)).toBe(true);
  await teardown();
  expect(process.env.PICTIFY_BASE_URL).toBeUndefined();
  expect(await isRunning(url)).toBe(false);
});

const START = `
  import { startEmulator } from "vitest-pictify";
  const emulator = await startEmulator();
  console.log(emulator.url);
`;

describe("the program ends with the process that started it", () => {
  test.each([
    ["at its end", "", undefined],
    ["at process.exit", "process.exit(0);", undefined],
    ["after SIGINT", "setInterval(() => {}, 1000);", "SIGINT"],
    ["after SIGKILL", "setInterval(() => {}, 1000);", "SIGKILL"],
  ])("%s", async (_, more, signal) => {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", START + more], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "close");
    let output = "";
    child.stdout.on("data", (data) => {
      output += data;
      if (signal && output.endsWith("\n")) {
        child.kill(signal);
      }
    });
    await ended;
    expect(output).toMatch(/^http:/);
    await waitUntil(async () => !(await isRunning(output.trim())));
  });
});
