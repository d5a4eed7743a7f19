//! Tests of the contract, and of the SDK together with the emulator.

mod agent;
mod cassettes;
mod conformance;
mod contract;
mod document;
mod examples;
mod fuzz;
mod generators;
mod model;
mod og_image;
mod programs;
mod quickstart;
mod schemas;
