// Calls of openapi-fetch with the types that openapi-typescript makes, against an emulator that accepts the key "right".

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import { checkPng } from "./png.js";
import type { components, paths } from "./schema.js";

const baseUrl = process.env.EMULATOR_URL;
assert(baseUrl, "EMULATOR_URL is not set");
const client = createClient<paths>({ baseUrl, headers: { Authorization: "Bearer right" } });

const health = await client.GET("/healthcheck");
assert.equal(health.response.status, 200);

const image = await client.POST("/image", {
  body: { html: "<h1>Hello</h1>", width: 120, height: 63, fileExtension: "png" },
});
assert(image.data, JSON.stringify(image.error));
await checkPng(image.data.url, 120, 63);

const listed = await client.GET("/image", { params: { query: { limit: 10 } } });
const found: components["schemas"]["Image"] | undefined = listed.data?.images?.[0];
assert.equal(found?.url, image.data.url);

const created = await client.POST("/templates", {
  body: { name: "Card", html: "<p>{{title}}</p>", width: 80, height: 40 },
});
assert(created.data?.template, JSON.stringify(created.error));
const { uid } = created.data.template;
const render = await client.POST("/templates/{uid}/render", {
  params: { path: { uid } },
  body: { variables: { title: "Hello" }, format: "png" },
});
assert(render.data?.results, JSON.stringify(render.error));
await checkPng(render.data.results[0].url, 80, 40);

// The types know the errors of each status: this one has a `message`.
const missing = await client.GET("/templates/{uid}", { params: { path: { uid: "MISSING" } } });
assert.equal(missing.response.status, 404);
assert(missing.error && "message" in missing.error);

const stranger = await client.GET("/image", { headers: { Authorization: "Bearer wrong" } });
assert.equal(stranger.response.status, 401);
assert(stranger.error);
