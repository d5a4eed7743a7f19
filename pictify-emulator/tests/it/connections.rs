//! Connections that send nothing, or slowly, and their number.

use crate::support::{JSON, KEY, connect, create, get_without_key, send, within};
use pictify_emulator::{Emulator, Fault};
use std::{io::ErrorKind, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Reads until the server closes the connection, and returns what it has sent.
async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    match stream.read_to_end(&mut text).await {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn connections_that_send_no_complete_request_are_closed() {
    let emulator = Emulator::start().await.unwrap();
    for (sent, response) in [
        ("", ""),
        ("GET /healthcheck HTTP/1.1\r\nHost: loc", ""),
        ("GET /healthcheck HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 200"),
        ("GET /healthcheck HTTP/1.1\r\nHost: localhost\r\n\r\nGET /he", "HTTP/1.1 200"),
        (
            "POST /image HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\nContent-Length: 9\r\n\r\n{",
            "HTTP/1.1 408",
        ),
    ] {
        let mut stream = connect(&emulator).await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        let started = tokio::time::Instant::now();
        let received = read_to_end(&mut stream).await;
        assert!(received.starts_with(response) && received.is_empty() == response.is_empty(), "{sent:?}: {received:?}");
        assert!(started.elapsed() < Duration::from_secs(70), "{sent:?}: {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn silent_connections_keep_nobody_out() {
    let emulator = Emulator::builder().max_connections(4).start().await.unwrap();
    let mut silent = Vec::new();
    for sent in ["", "GET /healthcheck HTT", "GET /healthcheck HTTP/1.1\r\nHost: localhost\r\n\r\n"].repeat(10) {
        let mut stream = connect(&emulator).await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        silent.push(stream);
    }
    for _ in 0..20 {
        let health = within(get_without_key(&emulator, "/healthcheck", &[])).await;
        assert_eq!(health.status, 200);
    }
    within(read_to_end(&mut silent[0])).await;
}

/// The connection of a request in progress stays open, however many others come.
#[tokio::test]
async fn a_request_in_progress_keeps_its_connection() {
    let slow = Fault::delay(Duration::from_secs(2)).for_operation("createImage");
    let emulator = Emulator::builder().max_connections(3).faults([slow]).start().await.unwrap();
    let render = create(&emulator, "x", 9, 9);
    let others = async {
        for _ in 0..30 {
            let mut stream = connect(&emulator).await;
            stream.write_all(b"GET ").await.unwrap();
            assert_eq!(get_without_key(&emulator, "/healthcheck", &[]).await.status, 200);
        }
    };
    let (rendered, ()) = within(async { tokio::join!(render, others) }).await;
    assert_eq!(rendered.status, 200);
}

#[tokio::test]
async fn a_head_over_the_limit_is_rejected() {
    let emulator = Emulator::start().await.unwrap();
    let header = format!("X-Long: {}", "x".repeat(200_000));
    let response = send(&emulator, "GET /image", &[KEY, &header], b"").await;
    assert_eq!(response.status, 431);
}

/// At the limit of open files a server can accept nothing, read no file and start no process.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn silent_connections_leave_files_for_everything_else() {
    use crate::support::program::Program;

    let folder = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new("sh");
    let program = env!("CARGO_BIN_EXE_pictify-emulator");
    let script = format!(r#"ulimit -n 100; exec {program:?} --port 0 --log off --data-dir "$0""#);
    command.args(["-c", &script]).arg(folder.path());
    let program = Program::start_with(command);
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(program.address()).await.unwrap());
    }
    let body = r#"{"html": "x", "width": 9, "height": 9}"#.as_bytes();
    for _ in 0..5 {
        assert_eq!(program.send("GET /healthcheck", &[], b"").await.unwrap().status, 200);
        let image = program.send("POST /image", &[KEY, JSON], body).await.unwrap();
        assert_eq!(image.status, 200, "{image:?}");
    }
}
