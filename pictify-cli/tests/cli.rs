//! Tests of the `pictify` program: output, files and exit codes.

use assert_cmd::Command;
use pictify_emulator::Emulator;
use pictify_test_support::{Reply, ScriptedServer};
use std::{path::Path, time::Duration};

const HELLO: &str = r#"<h1 style="color:#667eea">Hello</h1>"#;

/// Creates the command without any configuration in the environment.
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

/// Checks that a command fails with `code` and one line on standard error that contains `message`.
fn assert_fails(mut command: Command, code: i32, message: &str) {
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    let lines: Vec<_> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(lines.len(), 1, "{stderr}");
    assert!(stderr.contains(message), "{stderr}");
    assert!(output.stdout.is_empty());
}

#[test]
fn the_command_of_the_readme_renders_an_image_without_a_key() {
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
fn html_can_be_read_from_standard_input_and_the_image_written_to_standard_output() {
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
    assert_eq!(&std::fs::read(&path).unwrap()[8..12], b"WEBP", "the format is that of the extension");

    let piped =
        create(&["--width", "100", "--height", "50", "--html-file", "-", "--output", "-"]).write_stdin(HELLO).output();
    assert_eq!(&piped.unwrap().stdout[1..4], b"PNG");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_prints_the_response_of_the_api() {
    let emulator = Emulator::start().await.unwrap();
    let mut command = create(&["--html", HELLO, "--json"]);
    command.env("PICTIFY_API_KEY", "k").env("PICTIFY_BASE_URL", emulator.url());
    let output = command.output().unwrap();
    assert!(output.status.success());
    let response: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(response["url"].as_str().unwrap().starts_with(emulator.url()));
    assert!(output.stderr.is_empty(), "the spinner must not be shown in a pipe");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_output_the_url_is_printed() {
    let emulator = Emulator::start().await.unwrap();
    let mut command = create(&["--html", HELLO]);
    command.env("PICTIFY_API_KEY", "k").env("PICTIFY_BASE_URL", emulator.url());
    let output = command.output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().starts_with(emulator.url()));
    assert_fails(create(&["--html", HELLO]), 2, "give --output FILE");
    assert_fails(create(&["--html", HELLO, "--json"]), 2, "give --output FILE");
}

#[test]
fn invalid_arguments_are_rejected_before_rendering() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let path = path.to_str().unwrap();
    let missing = folder.path().join("missing/a.png");
    let too_long = format!("{}.png", "a".repeat(300));
    for (arguments, code, message) in [
        (&["--html", "x", "--url", "https://example.com", "-o", path][..], 2, "cannot be used with"),
        (&["-o", path], 2, "required arguments were not provided"),
        (&["--html", "x", "--width", "0", "-o", path], 2, "width: must be at least 1, is 0"),
        (&["--html", "x", "--width", "-5", "-o", path], 2, "-5 is not in 0.."),
        (&["--html", "x", "--height", "0", "-o", path], 2, "height: must be at least 1, is 0"),
        (&["--html", "x", "--width", "wide", "-o", path], 2, "invalid value 'wide'"),
        (&["--html", "", "-o", path], 2, "html: must not be empty"),
        (&["--html", "x", "--format", "pdf", "-o", path], 2, "--format must be png, jpg, jpeg or webp, not pdf"),
        (
            &["--html", "x", "-o", "a.gif"],
            2,
            "the extension of the output file must be png, jpg, jpeg or webp, not gif",
        ),
        (
            &["--html", "x", "--format", "png", "-o", "a.webp"],
            2,
            "--format is png, but the extension of the output file is webp",
        ),
        (&["--url", "example.com", "-o", path], 2, "url: must be an absolute URL, such as https://example.com"),
        (&["--url", "file:///etc/passwd", "-o", path], 2, "url: must be http or https, is file"),
        (&["--html", "x", "-o", "-", "--json"], 2, "cannot both use standard output"),
        (&["--html-file", "missing.html", "-o", path], 8, "cannot read missing.html"),
        (&["--html", "x", "-o", missing.to_str().unwrap()], 8, "cannot write"),
        (&["--html", "x", "-o", "/"], 8, "cannot write"),
        (&["--html", "x", "-o", "new/"], 8, "cannot write new/"),
        (&["--html", "x", "-o", &too_long], 8, "cannot write"),
    ] {
        assert_fails(create(arguments), code, message);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_invalid_configuration_is_reported_in_one_line() {
    for (key, url, code, message) in [
        (None, Some("http://127.0.0.1:1"), 2, "no API key: set PICTIFY_API_KEY"),
        (Some(""), None, 2, "the API key is empty"),
        (Some("k"), Some("nonsense"), 2, "the base URL is malformed"),
        (Some("k"), Some("http://127.0.0.1:1"), 6, "Connection refused"),
    ] {
        let mut command = create(&["--html", "x"]);
        key.map(|key| command.env("PICTIFY_API_KEY", key));
        url.map(|url| command.env("PICTIFY_BASE_URL", url));
        assert_fails(command, code, message);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_response_is_reported_in_one_line() {
    for (reply, code, message) in [
        (Reply::new(200, &[("content-type", "text/html")], b"<html>"), 5, "the response is HTML, not JSON"),
        (Reply::cut(200, 500, b"{\"url\""), 7, "outcome unknown"),
        (
            Reply::new(302, &[("location", "https://elsewhere.example/")], b""),
            5,
            "redirects to https://elsewhere.example/",
        ),
        (Reply::json(401, r#"{"message":"Invalid Request"}"#), 3, "401 not authenticated: Invalid Request"),
        (Reply::json(402, r#"{"message":"Used up","code":"quota_exceeded"}"#), 4, "402 quota exceeded: Used up"),
    ] {
        let server = ScriptedServer::start([reply]).await;
        let mut command = create(&["--html", "x"]);
        command.env("PICTIFY_API_KEY", "k").env("PICTIFY_BASE_URL", server.url());
        assert_fails(command, code, message);
    }
}

#[test]
fn the_emulator_reports_a_port_in_use() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = pictify();
    command.args(["emulator", "--port", &taken.local_addr().unwrap().port().to_string()]);
    assert_fails(command, 1, "in use");
}

#[test]
fn help_lists_the_exit_codes() {
    let output = pictify().arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("7  the outcome is unknown"), "{help}");
}

/// Creates a response with the URL of an image on this server.
fn image_response(server: &ScriptedServer) -> Reply {
    Reply::json(200, &format!(r#"{{"id":"A","url":"{}/a.png"}}"#, server.url()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_after_the_render_has_its_own_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let path = path.to_str().unwrap();
    let unreachable = r#"{"id":"A","url":"http://127.0.0.1:1/a.png"}"#;
    let server = ScriptedServer::start([Reply::json(200, unreachable)]).await;
    let create = |output: &str| {
        let mut command = create(&["--html", "x", "-o", output]);
        command.env("PICTIFY_API_KEY", "k").env("PICTIFY_BASE_URL", server.url());
        command
    };
    assert_fails(create(path), 9, "the image was rendered: http://127.0.0.1:1/a.png");
    server.then(image_response(&server));
    server.then(Reply::new(403, &[], b""));
    assert_fails(create(path), 9, "/a.png");
    if Path::new("/dev/full").exists() {
        server.then(image_response(&server));
        server.then(Reply::new(200, &[("content-type", "image/png")], b"image"));
        assert_fails(create("/dev/full"), 9, "/dev/full");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_standard_error_is_ignored() {
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
