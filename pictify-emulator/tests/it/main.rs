//! Tests of the server through HTTP, a file for each topic. They are one program, because each test program links the whole server.

mod admin_clock;
mod admin_documents;
mod admin_events;
mod admin_requests;
mod admin_state;
mod agent;
mod batches;
mod bindings;
#[cfg(feature = "chromium")]
mod chromium;
#[cfg(all(feature = "chromium", target_os = "linux"))]
mod chromium_limits;
mod clients;
mod compression;
mod connections;
mod container;
mod dashboard;
mod dashboard_in_browser;
mod data_dir;
mod experiments;
mod expressions;
mod fabric;
mod fabric_data;
mod fabric_text;
mod faults;
mod gallery;
mod gifs;
mod hostile_bodies;
mod hosts;
mod html_templates;
mod images;
mod isolation;
mod lenient_requests;
mod lifecycle;
mod limits;
mod other_clients;
mod page_loader;
mod pdfs;
mod persistence;
#[cfg(target_os = "linux")]
mod program;
mod requests;
mod security;
mod snapshots;
#[cfg(target_os = "linux")]
mod soak;
mod support;
mod template_preview;
mod template_search;
mod template_security;
mod tracking;
mod video_scenes;
mod video_templates;
mod webhooks;
#[cfg(target_os = "linux")]
mod workers;
mod workflows;
