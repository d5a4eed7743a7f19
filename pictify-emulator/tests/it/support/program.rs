//! The program `pictify-emulator` as a process of its own, with the processes that it starts.

use super::{JSON, KEY, Response, within};
use procfs::process::{Process, all_processes};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Command, Output, Stdio},
    thread::JoinHandle,
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
    output: Option<JoinHandle<Vec<u8>>>,
    errors: Option<JoinHandle<Vec<u8>>>,
}

impl Program {
    /// Starts the program on a free port with these further arguments, and waits until it listens.
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pictify-emulator"));
        command.args(["--port", "0"]).args(arguments).env("PICTIFY_API_KEY", "secret").stderr(Stdio::null());
        Self::start_with(command)
    }

    /// Runs a command that starts the program, and waits until it listens.
    pub fn start_with(command: Command) -> Self {
        let (mut child, printed, output, address) = spawn(command);
        let errors = child.stderr.take().map(read_all);
        // The rest of the output is read, because a full pipe would stop the program.
        let output = read_all(Read::chain(std::io::Cursor::new(printed), output));
        Self { child, address, output: Some(output), errors }
    }

    /// Runs a command that starts the program, and closes its output when it listens.
    pub fn start_unread(command: Command) -> Self {
        let (mut child, .., address) = spawn(command);
        drop(child.stderr.take());
        Self { child, address, output: None, errors: None }
    }

    /// Sends a signal, waits for the end, and returns what the program has printed.
    pub fn terminate(mut self, signal: &str) -> Output {
        let killed = Command::new("kill").args([format!("-{signal}"), self.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let status = self.child.wait().unwrap();
        let [stdout, stderr] =
            [self.output.take(), self.errors.take()].map(|read| read.map_or(Vec::new(), |read| read.join().unwrap()));
        Output { status, stdout, stderr }
    }

    /// Returns the process ID.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns host and port.
    pub fn address(&self) -> &str {
        &self.address
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

/// Runs a command and waits until it prints an address. Returns what it has printed, and the address.
fn spawn(mut command: Command) -> (Child, String, BufReader<ChildStdout>, String) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    let address = loop {
        let start = printed.len();
        assert_ne!(output.read_line(&mut printed).unwrap(), 0, "the program says where it listens: {printed}");
        if let Some((_, url)) = printed[start..].split_once("http://") {
            break url.trim().split(['/', ' ']).next().unwrap_or(url).to_owned();
        }
    };
    (child, printed, output, address)
}

fn read_all(mut source: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = source.read_to_end(&mut bytes);
        bytes
    })
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
