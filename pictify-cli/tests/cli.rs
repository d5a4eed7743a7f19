//! The `pictify` command, as a script uses it.

use assert_cmd::Command;
use pictify_emulator::Emulator;
use pictify_test_support::{Reply, ScriptedServer};
use std::{path::Path, time::Duration};

const HELLO: &str = r#"<h1 style="color:#667eea">Hello</h1>"#;

/// The command as a newcomer has it: nothing configured.
fn pictify() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pictify"));
    command.timeout(Duration::from_secs(60));
    for name in ["PICTIFY_API_KEY", "PICTIFY_BASE_URL", "PICTIFY_ALLOW_INSECURE_HTTP"] {
        command.env_remove(name);
    }
    command
}

fn create(arguments: &[&str]) -> Command {
    let mut command = pictify();
    command.args(["image", "create"]).args(arguments);
    command
}

fn dimensions(path: &Path) -> (u32, u32) {
    image::image_dimensions(path).unwrap()
}

/// Checks that a command fails with `code` and one line on standard error that contains `says`.
fn fails(mut command: Command, code: i32, says: &str) {
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    let lines: Vec<_> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(lines.len(), 1, "{stderr}");
    assert!(stderr.contains(says), "{stderr}");
    assert!(output.stdout.is_empty());
}

#[test]
fn the_readme_s_command_makes_a_picture_without_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hello.png");
    let output =
        create(&["--html", HELLO, "--width", "1200", "--height", "630", "--output"]).arg(&path).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("rendering locally with the emulator"), "{stderr}");
    assert_eq!(dimensions(&path), (1200, 630));
    assert!(output.stdout.is_empty());
}

#[test]
fn html_comes_from_a_file_or_from_standard_input_and_the_picture_may_go_to_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let (html, path) = (folder.path().join("card.html"), folder.path().join("card.webp"));
    std::fs::write(&html, HELLO).unwrap();
    create(&["--width", "100", "--height", "50", "--html-file"])
        .arg(&html)
        .arg("--output")
        .arg(&path)
        .assert()
        .success();
    assert_eq!(dimensions(&path), (100, 50));
    assert_eq!(&std::fs::read(&path).unwrap()[8..12], b"WEBP", "the format follows the output's name");

    let piped =
        create(&["--width", "100", "--height", "50", "--html-file", "-", "--output", "-"]).write_stdin(HELLO).output();
    assert_eq!(&piped.unwrap().stdout[1..4], b"PNG");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_prints_the_api_s_answer() {
    let emulator = Emulator::start().await.unwrap();
    let mut command = create(&["--html", HELLO, "--json"]);
    command.env("PICTIFY_API_KEY", "k").env("PICTIFY_BASE_URL", emulator.url());
    let output = command.output().unwrap();
    assert!(output.status.success());
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(answer["url"].as_str().unwrap().starts_with(emulator.url()));
    assert!(output.stderr.is_empty(), "no spinner in a pipe");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_output_the_url_is_printed() {
    let emulator = Emulator::start().await.unwrap();
    let mut command = create(&["--html", HELLO]);
    command.env("PICTIFY_API_KEY", "k").env("PICTIFY_BASE_URL", emulator.url());
    let output = command.output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().starts_with(emulator.url()));
    fails(create(&["--html", HELLO]), 2, "give --output FILE");
}

#[test]
fn wrong_arguments_are_answered_before_anything_is_rendered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let path = path.to_str().unwrap();
    let missing = folder.path().join("missing/a.png");
    let too_long = format!("{}.png", "a".repeat(300));
    for (arguments, code, says) in [
        (&["--html", "x", "--url", "https://example.com", "-o", path][..], 2, "cannot be used with"),
        (&["-o", path], 2, "required arguments were not provided"),
        (&["--html", "x", "--width", "0", "-o", path], 2, "width: must be 1 to 4096, is 0"),
        (&["--html", "x", "--height", "5000", "-o", path], 2, "height: must be 1 to 4096, is 5000"),
        (&["--html", "x", "--width", "wide", "-o", path], 2, "invalid value 'wide'"),
        (&["--html", "", "-o", path], 2, "html: must not be empty"),
        (&["--html", "x", "--format", "pdf", "-o", path], 2, "--format: images are png, jpg, jpeg or webp, not pdf"),
        (&["--html", "x", "-o", "a.gif"], 2, "the output's name: images are png, jpg, jpeg or webp, not gif"),
        (
            &["--html", "x", "--format", "png", "-o", "a.webp"],
            2,
            "--format says png, the output's name webp: which is it?",
        ),
        (&["--url", "example.com", "-o", path], 2, "url: relative URL without a base"),
        (&["--url", "file:///etc/passwd", "-o", path], 2, "url: must be http or https, is file"),
        (&["--html", "x", "-o", "-", "--json"], 2, "both want standard output"),
        (&["--html-file", "missing.html", "-o", path], 8, "missing.html cannot be read"),
        (&["--html", "x", "-o", missing.to_str().unwrap()], 8, "cannot be written"),
        (&["--html", "x", "-o", "/"], 8, "cannot be written"),
        (&["--html", "x", "-o", "new/"], 8, "new/ cannot be written"),
        (&["--html", "x", "-o", &too_long], 8, "cannot be written"),
    ] {
        fails(create(arguments), code, says);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_wrong_configuration_is_answered_in_one_line() {
    for (key, url, code, says) in [
        (None, Some("http://127.0.0.1:1"), 2, "no API key: set PICTIFY_API_KEY"),
        (Some(""), None, 2, "the API key is empty"),
        (Some("k"), Some("nonsense"), 2, "the base URL is malformed"),
        (Some("k"), Some("http://127.0.0.1:1"), 6, "Connection refused"),
    ] {
        let mut command = create(&["--html", "x"]);
        key.map(|key| command.env("PICTIFY_API_KEY", key));
        url.map(|url| command.env("PICTIFY_BASE_URL", url));
        fails(command, code, says);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strange_server_is_answered_in_one_line() {
    for (reply, code, says) in [
        (Reply::new(200, &[("content-type", "text/html")], b"<html>"), 5, "the response is HTML, not JSON"),
        (Reply::cut(200, 500, b"{\"url\""), 7, "outcome unknown"),
        (
            Reply::new(302, &[("location", "https://elsewhere.example/")], b""),
            5,
            "redirects to https://elsewhere.example/",
        ),
        (Reply::json(401, r#"{"message":"Invalid Request"}"#), 3, "401 Authentication: Invalid Request"),
        (Reply::json(402, r#"{"message":"Used up","code":"quota_exceeded"}"#), 4, "402 QuotaExceeded: Used up"),
    ] {
        let server = ScriptedServer::start([reply]).await;
        let mut command = create(&["--html", "x"]);
        command.env("PICTIFY_API_KEY", "k").env("PICTIFY_BASE_URL", server.url());
        fails(command, code, says);
    }
}

#[test]
fn the_emulator_s_port_may_be_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = pictify();
    command.args(["emulator", "--port", &taken.local_addr().unwrap().port().to_string()]);
    fails(command, 1, "in use");
}

#[test]
fn help_lists_the_exit_codes() {
    let output = pictify().arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("7  the outcome is unknown"), "{help}");
}

/// An answer with the URL of a picture on this server.
fn made(server: &ScriptedServer) -> Reply {
    Reply::json(200, &format!(r#"{{"id":"A","url":"{}/a.png"}}"#, server.url()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_is_rendered_and_not_delivered_has_an_exit_code_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let path = path.to_str().unwrap();
    let nowhere = r#"{"id":"A","url":"http://127.0.0.1:1/a.png"}"#;
    let server = ScriptedServer::start([Reply::json(200, nowhere)]).await;
    let create = |output: &str| {
        let mut command = create(&["--html", "x", "-o", output]);
        command.env("PICTIFY_API_KEY", "k").env("PICTIFY_BASE_URL", server.url());
        command
    };
    fails(create(path), 9, "it was rendered: http://127.0.0.1:1/a.png");
    server.then(made(&server));
    server.then(Reply::new(403, &[], b""));
    fails(create(path), 9, "/a.png");
    if Path::new("/dev/full").exists() {
        server.then(made(&server));
        server.then(Reply::new(200, &[("content-type", "image/png")], b"picture"));
        fails(create("/dev/full"), 9, "/dev/full cannot be written");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_needs_to_read_what_is_said() {
    use std::{io, process::Stdio};

    let emulator = Emulator::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pictify"));
    command.args(["image", "create", "--html", "x", "-o"]).arg(folder.path().join("a.png")).stderr(Stdio::from(writer));
    command.env("PICTIFY_API_KEY", "k").env("PICTIFY_BASE_URL", emulator.url());
    assert_eq!(command.status().unwrap().code(), Some(0));
}
