//! The server from outside, a file for each topic. One program: each would carry all of the server otherwise.

mod batches;
mod bindings;
#[cfg(feature = "chromium")]
mod chromium;
mod data;
mod deliveries;
mod experiments;
mod expressions;
mod fabric;
mod fabric_data;
mod fabric_text;
mod faults;
mod gallery;
mod gifs;
mod hostile;
mod hostile_templates;
mod house;
mod html_templates;
mod lifecycle;
mod live;
mod page;
mod page_in_browser;
mod pdfs;
mod pictures;
mod requests;
mod state;
mod support;
mod tracking;
mod video_scenes;
mod video_templates;
mod workflows;
