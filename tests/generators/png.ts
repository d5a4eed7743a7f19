// Checks of a downloaded image.

import assert from "node:assert/strict";

/** Downloads an image, and checks that it is a PNG of this size in pixels. */
export async function checkPng(url: string, width: number, height: number): Promise<void> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.equal(bytes.toString("latin1", 1, 4), "PNG", url);
  assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [width, height], url);
}
