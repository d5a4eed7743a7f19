//! Limit for the memory of all processes of the browser together. It includes memory outside the heap of JavaScript, such as
//! typed arrays and canvases. Only Linux has one.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
#[cfg(target_os = "linux")]
use {
    procfs::process::{Process, all_processes},
    rustix::process::{Pid, Signal, kill_process},
    std::time::Duration,
};

/// Time between two measurements.
#[cfg(target_os = "linux")]
const INTERVAL: Duration = Duration::from_millis(50);

/// Counts of a running watch.
#[derive(Clone, Debug, Default)]
pub(super) struct MemoryWatch {
    /// Number of open tabs. Without one, nothing is measured.
    open_tabs: Arc<AtomicUsize>,
    /// Number of killed processes.
    kills: Arc<AtomicUsize>,
}

impl MemoryWatch {
    /// Kills the largest process of the group whenever all of them together have more memory than the limit. Never ends.
    #[cfg(target_os = "linux")]
    pub(super) async fn run(self, group: i32, limit_megabytes: u32) {
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            if self.open_tabs.load(Ordering::Relaxed) == 0 {
                continue;
            }
            let Ok(sizes) = tokio::task::spawn_blocking(move || process_sizes(group)).await else { continue };
            let total: u64 = sizes.iter().map(|(_, kilobytes)| kilobytes).sum();
            if total > u64::from(limit_megabytes) * 1024
                && let Some((largest, _)) = sizes.into_iter().max_by_key(|(_, kilobytes)| *kilobytes)
                && let Some(largest) = Pid::from_raw(largest)
            {
                // Counted first: the tab asks for the reason as soon as its process has ended.
                self.kills.fetch_add(1, Ordering::Relaxed);
                let _ = kill_process(largest, Signal::KILL);
            }
        }
    }

    pub(super) fn tab_opened(&self) {
        self.open_tabs.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn tab_closed(&self) {
        self.open_tabs.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn kills(&self) -> usize {
        self.kills.load(Ordering::Relaxed)
    }
}

/// Returns the processes of a group with their memory in kilobytes, without files such as the program itself.
#[cfg(target_os = "linux")]
fn process_sizes(group: i32) -> Vec<(i32, u64)> {
    let Ok(processes) = all_processes() else { return Vec::new() };
    let size = |process: Process| {
        let stat = process.stat().ok()?;
        // The shell, whose ID is that of the group, must not be killed: it kills the others.
        if stat.pgrp != group || stat.pid == group {
            return None;
        }
        let status = process.status().ok()?;
        Some((stat.pid, status.rssanon.unwrap_or_default() + status.rssshmem.unwrap_or_default()))
    };
    processes.filter_map(|process| size(process.ok()?)).collect()
}
