// The other test runners, each in a process of its own.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const here = dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);
const env = { ...process.env };
for (const name of ["PICTIFY_BASE_URL", "PICTIFY_API_KEY", "NODE_OPTIONS", "NODE_ENV", "VITEST"]) {
  delete env[name];
}

function bin(name, file) {
  return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), file);
}

test("node:test", async () => {
  const { stdout } = await run(process.execPath, ["--test", join(here, "fixtures/node-test.js")], { env });
  expect(stdout).toMatch(/pass 1\n/);
});

test("jest", async () => {
  // jest finds packages in node_modules only.
  const folder = mkdtempSync(join(tmpdir(), "vitest-pictify-"));
  try {
    cpSync(join(here, "fixtures/jest"), folder, { recursive: true });
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(join(here, ".."), join(folder, "node_modules/vitest-pictify"), "dir");
    const { stderr } = await run(process.execPath, [bin("jest", "bin/jest.js")], { env, cwd: folder });
    expect(stderr).toContain("1 passed, 1 total");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the examples of the README", async () => {
  const readme = readFileSync(join(here, "../README.md"), "utf8");
  const [config, example, setup, nodeTest] = [...readme.matchAll(/```js\n([^]*?)```/g)].map((match) => match[1]);
  const folder = join(here, "fixtures/readme");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(join(folder, "vitest.config.js"), config);
  writeFileSync(join(folder, "card.test.js"), example);
  writeFileSync(join(folder, "pictify.setup.js"), setup);
  writeFileSync(join(folder, "node-test.js"), nodeTest);
  try {
    const vitest = [bin("vitest", "vitest.mjs"), "run", "--root", folder];
    expect((await run(process.execPath, vitest, { env })).stdout).toMatch(/Tests .*1 passed/);
    const withSetup = config.replace("vitest-pictify/global-setup", "./pictify.setup.js");
    expect(withSetup).not.toBe(config);
    writeFileSync(join(folder, "vitest.config.js"), withSetup);
    expect((await run(process.execPath, vitest, { env })).stdout).toMatch(/Tests .*1 passed/);
    expect((await run(process.execPath, ["--test", join(folder, "node-test.js")], { env })).stdout).toMatch(/pass 1\n/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
