/** Global setup of vitest and jest without options. */
import { globalSetup } from "./index.js";

export default globalSetup();
