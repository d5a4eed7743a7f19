// The admin API by the methods of `Emulator`. Only this emulator is reset: the other test files share one.
import { once } from "node:events";
import { createServer } from "node:http";
import { afterAll, beforeEach, expect, test } from "vitest";
import { EmulatorError, NoMatchingRequest, startEmulator } from "vitest-pictify";

const CARD = { html: "<p>Hello</p>", width: 100, height: 50 };
const emulator = await startEmulator();
const create = () => emulator.call("POST", "/image", CARD);

beforeEach(() => emulator.reset());
afterAll(() => emulator.stop());

test("a reset removes everything, or one part", async () => {
  await create();
  await emulator.reset("requests");
  expect(await emulator.requests()).toEqual([]);
  expect((await emulator.ledger()).renders).toBe(1);
  await emulator.reset();
  expect((await emulator.ledger()).renders).toBe(0);
});

test("a snapshot is restored", async () => {
  await create();
  await emulator.snapshot("one-image");
  await create();
  await emulator.restore("one-image");
  expect((await emulator.ledger()).renders).toBe(1);
  await expect(emulator.restore("not-there")).rejects.toMatchObject({ status: 404 });
});

test("templates are stored under chosen IDs", async () => {
  const card = { uid: "card", name: "Card", html: "<h1>{{name}}</h1>", width: 100, height: 50 };
  expect(await emulator.seed(card)).toEqual([{ uid: "card", name: "Card" }]);
  await emulator.call("POST", "/templates/card/render", { variables: { name: "Ada" } });
  expect((await emulator.ledger({ operation: "renderTemplate" })).entries).toHaveLength(1);
  await expect(emulator.seed({ ...card, uid: "c/d" })).rejects.toThrow();
});

test("requests have their bodies and no keys", async () => {
  await create();
  await emulator.call("GET", "/image");
  const [listed, created] = await emulator.requests();
  expect([listed.operation, created.operation]).toEqual(["listImages", "createImage"]);
  expect(created.request.json).toEqual(CARD);
  expect(JSON.stringify(created.request.headers)).not.toContain(`Bearer ${emulator.apiKey}`);
  expect((await emulator.replay(created.id)).request.json).toEqual(CARD);
  expect(await emulator.requests({ operation: "createImage" })).toHaveLength(2);
});

test("a test waits for requests", async () => {
  const waiting = emulator.waitForRequests({ operation: "createImage", count: 2 });
  await Promise.all([create(), create()]);
  expect((await waiting).map((request) => request.status)).toEqual([200, 200]);
  const error = await emulator.waitForRequests({ operation: "createGif", timeout: 0.05 }).catch((error) => error);
  expect(error).toBeInstanceOf(NoMatchingRequest);
  expect(error.message).toMatch(/0 of 1 requests matched[^]*POST \/image: 200/);
  expect(error.received).toHaveLength(2);
});

test("the next requests fail", async () => {
  await emulator.failNext({ operation: "createImage", count: 2 });
  for (const _ of [1, 2]) {
    await expect(create()).rejects.toMatchObject({ status: 503 });
  }
  await create();
  await emulator.failNext({ reset: true, afterHandler: true });
  await expect(create()).rejects.toThrow(EmulatorError);
  expect((await emulator.ledger()).renders, "the lost response is billed").toBe(2);
});

test("the clock is frozen and advanced", async () => {
  const at = new Date("2026-08-01T09:00:00Z");
  expect(await emulator.freeze(at)).toEqual(at);
  expect((await create()).createdAt).toBe("2026-08-01T09:00:00.000Z");
  expect(await emulator.advance(90)).toEqual(new Date("2026-08-01T09:01:30Z"));
  expect(await emulator.advance("P1M")).toEqual(new Date("2026-09-01T09:01:30Z"));
  expect(await emulator.now()).toEqual(new Date("2026-09-01T09:01:30Z"));
  expect(Math.abs((await emulator.resume()).getTime() - Date.now())).toBeLessThan(60_000);
});

test("webhook deliveries are listed and sent again", async () => {
  const receiver = createServer((request, response) => request.resume().on("end", () => response.writeHead(204).end()));
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  try {
    const targetUrl = `http://127.0.0.1:${receiver.address().port}/hook`;
    await emulator.call("POST", "/webhook-subscriptions", { event: "render.completed", targetUrl });
    const first = once(receiver, "request");
    await create();
    await first;
    const [delivery] = await emulator.deliveries();
    const second = once(receiver, "request");
    await emulator.resend(delivery.id);
    await second;
  } finally {
    receiver.closeAllConnections();
    receiver.close();
  }
});
