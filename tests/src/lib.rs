//! Tests of the workspace: the contract, and the SDK together with the emulator. They are in `tests/it`.
//!
//! The tests of the SDK alone are in its own package. The code examples of the README are tested with this library.
#![cfg_attr(doctest, doc = include_str!("../../README.md"))]
