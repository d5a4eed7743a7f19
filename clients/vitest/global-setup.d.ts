/** Global setup without options, for `globalSetup: "vitest-pictify/global-setup"`. */
declare const setup: () => Promise<() => Promise<void>>;
export default setup;
