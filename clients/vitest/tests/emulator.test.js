// The emulator as a test uses it: renders, the ledger, faults.
import { expect, test } from "vitest";
import { EmulatorError, startEmulator, StatusError, useEmulator } from "vitest-pictify";
import { CARD, isRunning, pngSize } from "./support.js";

const emulator = await useEmulator();

test("the global setup has started the emulator of the test files", async () => {
  expect(process.env.PICTIFY_BASE_URL).toBe(emulator.url);
  expect(process.env.PICTIFY_API_KEY).toBe(emulator.apiKey);
  expect(emulator.log, "another process has started it").toBe("");
});

test("a render has the requested size", async () => {
  const image = await emulator.call("POST", "/image", CARD);
  expect(pngSize(await emulator.download(image.url))).toEqual([600, 315]);
});

test("the ledger counts billed renders", async () => {
  const before = (await emulator.ledger()).renders;
  await emulator.call("POST", "/image", CARD);
  await expect(emulator.call("POST", "/image", { width: 1 })).rejects.toThrow(StatusError);
  const { renders, entries } = await emulator.ledger();
  expect(renders).toBe(before + 1);
  expect(entries.at(-1).operation).toBe("createImage");
});

test("faults fail the calls that they name", async () => {
  await emulator.setFaults([{ operation: "createImage", onCalls: [1], status: 503 }]);
  await expect(emulator.call("POST", "/image", CARD)).rejects.toMatchObject({ status: 503 });
  await emulator.call("POST", "/image", CARD);
  await emulator.setFaults([{ status: 500 }]);
  await emulator.clearFaults();
  await emulator.call("POST", "/image", CARD);
});

test("options set the behaviour and the key", async () => {
  const limited = await startEmulator({ options: ["--api-key", "right", "--renders-per-month=1"] });
  expect(limited.apiKey).toBe("right");
  await limited.call("POST", "/image", CARD);
  const error = await limited.call("POST", "/image", CARD).catch((error) => error);
  expect(error.json().code).toBe("quota_exceeded");
  limited.apiKey = "wrong";
  await expect(limited.call("POST", "/image", CARD)).rejects.toMatchObject({ status: 401 });
  await limited.stop();
  await limited.stop();
  expect(await isRunning(limited.url)).toBe(false);
  await expect(limited.ledger()).rejects.toThrow(EmulatorError);
});
