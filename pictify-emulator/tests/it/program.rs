//! The program: its output, its logs, and its end.

use crate::support::{JSON, KEY, program::Program};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pictify-emulator"));
    command.args(arguments).env_remove("RUST_LOG");
    command
}

/// Starts the program, sends these requests, stops it, and returns what it has printed.
async fn output_of(arguments: &[&str], filter: Option<&str>, requests: &[(&str, &[&str], &str)]) -> Output {
    let mut command = command(&["--port", "0"]);
    command.args(arguments).envs(filter.map(|filter| ("RUST_LOG", filter))).stderr(Stdio::piped());
    let program = Program::start_with(command);
    for (line, headers, body) in requests {
        program.send(line, headers, body.as_bytes()).await.unwrap();
    }
    program.terminate("TERM")
}

#[tokio::test]
async fn each_signal_to_stop_ends_the_program_properly() {
    for (signal, name) in [("TERM", "SIGTERM"), ("INT", "SIGINT")] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(&["--port", "0", "--data-dir"]);
        command.arg(folder.path()).stderr(Stdio::piped());
        let output = Program::start_with(command).terminate(signal);
        let log = text(&output.stderr);
        assert!(output.status.success() && log.contains(&format!("stopping signal=\"{name}\"")), "{signal}: {log}");
        assert_eq!(fs::read_to_string(folder.path().join("lock")).unwrap(), "", "the run has ended properly");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn the_program_prints_its_page_and_a_line_for_each_request() {
    let image = r#"{"html": "x", "width": 9, "height": 9}"#;
    let requests = [
        ("POST /image?token=s3cr3t", &[KEY, JSON][..], image),
        ("GET /", &[], ""),
        ("POST /workflow/hooks/HK1/s3cr3t", &[JSON], "{}"),
    ];
    let output = output_of(&[], None, &requests).await;
    assert!(output.status.success());
    let (printed, log) = (text(&output.stdout), text(&output.stderr));
    for expected in ["Open http://127.0.0.1:", "PICTIFY_API_KEY=anything PICTIFY_BASE_URL=http://127.0.0.1:"] {
        assert!(printed.contains(expected), "{printed}");
    }
    for expected in [
        "method=POST path=\"/image\" status=200",
        "operation=\"createImage\"",
        "path=\"/workflow/hooks/HK1/[redacted]\"",
        "stopping signal=\"SIGTERM\"",
    ] {
        assert!(log.contains(expected), "{expected}: {log}");
    }
    assert_eq!(log.matches("responded").count(), 2, "the page is not logged: {log}");
    assert!(!log.contains("s3cr3t") && !log.contains("Bearer") && !log.contains('\x1b'), "{log}");
}

#[tokio::test]
async fn the_log_can_be_json_filtered_or_off() {
    let requests = [("GET /healthcheck", &[][..], ""), ("GET /", &[], "")];
    let json = output_of(&["--log", "json"], None, &requests).await;
    let lines: Vec<Value> = text(&json.stderr).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let request = lines.iter().find(|line| line["message"] == "responded").unwrap();
    assert_eq!((&request["path"], &request["status"]), (&"/healthcheck".into(), &200.into()));
    for (arguments, filter, count) in [
        (&["--log", "off"][..], None, 0),
        (&[], Some("warn"), 0),
        (&[], Some("debug"), 2),
        (&[], Some("pictify_emulator=loud"), 1),
        (&[], Some(""), 1),
    ] {
        let output = output_of(arguments, filter, &requests).await;
        let log = text(&output.stderr);
        assert_eq!(log.matches("responded").count(), count, "{arguments:?} {filter:?}: {log}");
    }
}

/// A closed terminal or a full pipe must not end the server.
#[tokio::test]
async fn the_program_runs_when_nobody_reads_its_output() {
    let mut command = command(&["--port", "0"]);
    command.stderr(Stdio::piped());
    let program = Program::start_unread(command);
    for _ in 0..20 {
        assert_eq!(program.send("GET /healthcheck", &[], b"").await.unwrap().status, 200);
    }
}

fn log_of(folder: &Path) -> String {
    fs::read_to_string(folder.join("emulator.log")).unwrap_or_default()
}

#[tokio::test]
async fn the_log_file_has_starts_and_ends_and_a_killed_run() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = ["--data-dir", folder.path().to_str().unwrap(), "--log", "off"];
    output_of(&data_dir, None, &[("GET /healthcheck", &[], "")]).await;
    let log = log_of(folder.path());
    for expected in ["started version=", "stopping signal=\"SIGTERM\"", "stopped"] {
        assert!(log.contains(expected), "{log}");
    }
    assert!(!log.contains("healthcheck"), "requests are not in it: {log}");

    let mut killed = Program::start(&data_dir);
    let id = killed.id();
    killed.kill();
    assert!(!log_of(folder.path()).contains("did not end properly"), "the run before was stopped");
    output_of(&data_dir, None, &[]).await;
    let log = log_of(folder.path());
    assert!(log.contains("the last run did not end properly"), "{log}");
    assert!(log.contains(&format!("run=\"process {id} since ")), "{log}");
    output_of(&data_dir, None, &[]).await;
    assert_eq!(log_of(folder.path()).matches("did not end properly").count(), 1, "once");
}

#[test]
fn a_failed_start_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let data_dir = folder.path().join("file");
    let output = command(&["--port", "0", "--data-dir", data_dir.to_str().unwrap()]).output().unwrap();
    let log = text(&output.stderr);
    assert!(!output.status.success() && log.starts_with("error: the emulator cannot store its data in "), "{log}");
    assert_eq!(log.lines().count(), 1, "{log}");
}
