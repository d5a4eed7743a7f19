// Calls of the client that openapi-generator makes (typescript-fetch), against an emulator that accepts the key "right".

import assert from "node:assert/strict";
import { checkPng } from "./png.js";
import { Configuration, HealthApi, ImagesApi, PdfsApi, ResponseError, TemplatesApi } from "./client/index.js";

const basePath = process.env.EMULATOR_URL;
assert(basePath, "EMULATOR_URL is not set");
const configuration = new Configuration({ basePath, accessToken: "right" });

await new HealthApi(configuration).healthCheck();

const images = new ImagesApi(configuration);
const image = await images.createImage({
  createImageRequest: { html: "<h1>Hello</h1>", width: 120, height: 63, fileExtension: "png" },
});
await checkPng(image.url, 120, 63);
const listed = await images.listImages({ limit: 10 });
assert(listed.images?.some(({ url }) => url === image.url));

const templates = new TemplatesApi(configuration);
const { template } = await templates.createTemplate({
  createTemplateRequest: { name: "Card", html: "<p>{{title}}</p>", width: 80, height: 40 },
});
assert(template);
const { variables } = await templates.getTemplateVariables({ uid: template.uid });
assert.deepEqual(variables?.map(({ name }) => name), ["title"]);
const render = await templates.renderTemplate({
  uid: template.uid,
  renderTemplateRequest: { variables: { title: "Hello" }, format: "png" },
});
assert(render.results);
await checkPng(render.results[0].url, 80, 40);

const pdf = await new PdfsApi(configuration).renderPdf({
  renderPdfRequest: { templateUid: template.uid, variables: { title: "Hello" } },
});
const file = Buffer.from(await (await fetch(pdf.url)).arrayBuffer());
assert.equal(file.toString("latin1", 0, 4), "%PDF");

const stranger = new ImagesApi(new Configuration({ basePath, accessToken: "wrong" }));
await assert.rejects(stranger.listImages(), (error) => error instanceof ResponseError && error.response.status === 401);
