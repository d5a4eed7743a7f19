//! The program `pictify-emulator` as a process of its own, with the processes that it starts.

use super::{JSON, KEY, Response, within};
use procfs::process::{Process, all_processes};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Running program. It is killed when this value is dropped.
pub struct Program {
    child: Child,
    address: String,
}

impl Program {
    /// Starts the program on a free port with these further arguments, and waits until it listens.
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pictify-emulator"));
        command.args(["--port", "0"]).args(arguments).env("PICTIFY_API_KEY", "secret");
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.by_ref().find_map(|line| {
            let line = line.unwrap();
            let url = &line[line.find("http://")? + "http://".len()..];
            Some(url.split(['/', ' ']).next().unwrap_or(url).to_owned())
        });
        // The rest of the output is read, because a full pipe would stop the program.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.expect("the program says where it listens") }
    }

    /// Returns the process ID.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the program at once, as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Returns the memory of the program and of all processes that it has started, in bytes.
    pub fn tree_memory(&self) -> u64 {
        let resident = |id: u32| Some(process(id)?.statm().ok()?.resident);
        let pages: u64 = self.descendants().into_iter().chain([self.id()]).filter_map(resident).sum();
        pages * procfs::page_size()
    }

    /// Returns the memory of the program and of all processes that it has started, in bytes. Memory that processes share
    /// counts once.
    pub fn proportional_memory(&self) -> u64 {
        let share = |id: u32| {
            let maps = process(id)?.smaps_rollup().ok()?.memory_map_rollup;
            maps.into_iter().next()?.extension.map.get("Pss").copied()
        };
        self.descendants().into_iter().chain([self.id()]).filter_map(share).sum()
    }

    /// Returns the processes that the program has started, directly or indirectly.
    pub fn descendants(&self) -> HashSet<u32> {
        let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
        for stat in all_processes().unwrap().filter_map(|process| process.ok()?.stat().ok()) {
            if is_alive(stat.state) {
                children.entry(stat.ppid).or_default().push(stat.pid);
            }
        }
        let (mut found, mut pending) = (HashSet::new(), vec![i32::try_from(self.id()).unwrap()]);
        while let Some(id) = pending.pop() {
            let children = children.remove(&id).unwrap_or_default();
            found.extend(children.iter().filter_map(|child| u32::try_from(*child).ok()));
            pending.extend(children);
        }
        found
    }

    /// Sends a request and reads its response. Returns an error if the connection fails or ends early.
    pub async fn send(&self, line: &str, headers: &[&str], body: &[u8]) -> std::io::Result<Response> {
        let headers: String = headers.iter().flat_map(|header| [*header, "\r\n"]).collect();
        let (address, length) = (&self.address, body.len());
        let host = if headers.contains("Host:") { String::new() } else { format!("Host: {address}\r\n") };
        let head = format!("{line} HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: {length}\r\n{headers}\r\n");
        let mut stream = TcpStream::connect(address).await?;
        // A server that rejects a large body early need not read all of it.
        let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
        let mut response = Vec::new();
        within(stream.read_to_end(&mut response)).await?;
        Response::parse(&response).ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
    }

    /// Sends a JSON body with an API key.
    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.send(&format!("POST {path}"), &[KEY, JSON], body.to_string().as_bytes()).await.unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn process(id: u32) -> Option<Process> {
    Process::new(i32::try_from(id).unwrap()).ok()
}

/// Returns `false` for a process that has ended, whose entry remains until its parent has read its status.
fn is_alive(state: char) -> bool {
    state != 'Z'
}

pub fn is_running(id: u32) -> bool {
    process(id).and_then(|process| process.stat().ok()).is_some_and(|stat| is_alive(stat.state))
}

/// Returns `true` if a process has used the processor for more than a fifth of a second.
pub fn is_busy(id: u32) -> bool {
    let used = process(id).and_then(|process| process.stat().ok()).map_or(0, |stat| stat.utime);
    used * 5 > procfs::ticks_per_second()
}

/// Kills a process.
pub fn kill(id: u32) {
    kill_process(Pid::from_raw(i32::try_from(id).unwrap()).unwrap(), Signal::KILL).unwrap();
}

/// Waits until the condition is true.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), waiting).await.is_ok(), "not within 30 s: {what}");
}
