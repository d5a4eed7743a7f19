// Compiled and not run: the package as a program in TypeScript uses it.
import {
  type Fault,
  type LedgerEntry,
  type RecordedRequest,
  EmulatorError,
  findProgram,
  globalSetup,
  startEmulator,
  StatusError,
  useEmulator,
} from "vitest-pictify";
import setup from "vitest-pictify/global-setup";

export default globalSetup({ options: ["--demo"] });
export const teardown: Promise<() => Promise<void>> = setup();

export async function use(): Promise<number> {
  const command: string[] = findProgram();
  await using other = await startEmulator({ command });
  const emulator = await useEmulator();
  const image = await emulator.call<{ url: string }>("POST", "/image", { html: "<p>Hello</p>" });
  const bytes: Uint8Array = await emulator.download(image.url);
  const entries: LedgerEntry[] = (await other.ledger({ operation: "createImage" })).entries;
  const fault: Fault = { operation: "createImage", status: 503, onCalls: [1] };
  await emulator.setFaults([fault]);
  try {
    await emulator.clearFaults();
  } catch (error) {
    if (error instanceof StatusError) {
      return error.status + error.json().code;
    }
    throw new EmulatorError("unexpected");
  }
  const [request]: RecordedRequest[] = await emulator.waitForRequests({ operation: "createImage", count: 1 });
  const size: number | null = request.response.size;
  const now: Date = await emulator.advance("P1M");
  await emulator.reset("requests", "clock");
  // @ts-expect-error: there is no such part.
  await emulator.reset("everything");
  // @ts-expect-error: a fault has no such member.
  await emulator.setFaults([{ stauts: 503 }]);
  return bytes.length + entries.length + (size ?? 0) + now.getTime();
}
