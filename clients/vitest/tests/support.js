import { Emulator, EmulatorError } from "vitest-pictify";

export const CARD = { html: "<h1 style='color: #667eea'>Hello</h1>", width: 600, height: 315 };

/** Returns the width and the height of a PNG, which are at fixed offsets. */
export function pngSize(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [view.getUint32(16), view.getUint32(20)];
}

/** Waits until a condition is true, or fails. */
export async function waitUntil(condition, milliseconds = 20_000) {
  const deadline = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error("the condition did not become true");
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export async function isRunning(url) {
  try {
    await new Emulator(url).ledger();
    return true;
  } catch (error) {
    if (error instanceof EmulatorError) {
      return false;
    }
    throw error;
  }
}
