//! The program `pictify-emulator` as a process of its own, and the memory of its process tree.

use super::{Response, within};
use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Command, Output, Stdio},
    thread::JoinHandle,
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
        command.args(["--port", "0"]).args(arguments).stderr(Stdio::null());
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
        let processes = processes();
        let tree = |id: &u32| {
            let mut current = *id;
            while current != self.id() && current > 1 {
                current = processes.get(&current).map_or(0, |process| process.parent);
            }
            current == self.id()
        };
        processes.iter().filter(|(id, _)| tree(id)).map(|(_, process)| process.memory).sum()
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

/// Parent and resident memory of a process.
struct Process {
    parent: u32,
    memory: u64,
}

/// Reads all processes of this machine.
fn processes() -> HashMap<u32, Process> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let status = fs::read_to_string(entry.path().join("status")).ok()?;
            let number = |name: &str| -> Option<u64> {
                status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
            };
            let parent = u32::try_from(number("PPid:")?).ok()?;
            Some((id, Process { parent, memory: number("VmRSS:").unwrap_or(0) * 1024 }))
        })
        .collect()
}
