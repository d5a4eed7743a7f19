import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/*.test.js"],
    // The setup of the package itself: each test file finds the emulator that it has started.
    globalSetup: "./src/global-setup.js",
    testTimeout: 60_000,
  },
});
