/** A local Pictify for tests. */
export { Emulator, startEmulator, useEmulator, globalSetup } from "./emulator.js";
export { EmulatorError, NoMatchingRequest, StatusError } from "./errors.js";
export { findProgram } from "./program.js";
