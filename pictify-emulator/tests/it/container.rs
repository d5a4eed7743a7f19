//! The image for containers, as far as it can be checked without a container engine, and the subcommand `health` that it
//! uses. `.ci/check-image` checks the built image.

use crate::clients::{PROGRAM, Started, workspace};
use pictify_emulator::{DEFAULT_PORT, Emulator};
use std::{fs, process::Command};

/// Returns the words of a Dockerfile instruction in the exec form, such as `ENTRYPOINT ["a", "b"]`.
fn exec_form(dockerfile: &str, instruction: &str) -> Vec<String> {
    let (_, rest) = dockerfile.split_once(&format!("{instruction} [")).expect("the instruction is there");
    let (words, _) = rest.split_once(']').expect("the list has an end");
    serde_json::from_str(&format!("[{words}]")).unwrap()
}

/// Runs `health` with these arguments. Returns the exit code and standard error.
fn health(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(PROGRAM).args(arguments).output().unwrap();
    assert!(output.stdout.is_empty(), "{output:?}");
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_commands_of_the_dockerfile_work() {
    let dockerfile = fs::read_to_string(workspace("pictify-emulator/Dockerfile")).unwrap();
    let (entrypoint, check) = (exec_form(&dockerfile, "ENTRYPOINT"), exec_form(&dockerfile, "CMD"));
    assert_eq!((&*entrypoint[0], &*check[0]), ("/pictify-emulator", "/pictify-emulator"));
    assert!(dockerfile.contains("/image/root/pictify-emulator\n"), "the program is at the root of the image");
    assert!(dockerfile.contains(&format!("\nEXPOSE {DEFAULT_PORT}\n")));

    let options: Vec<_> = entrypoint[1..].iter().map(String::as_str).collect();
    let started = Started::new(&options);
    let check: Vec<_> = check[1..].iter().map(String::as_str).chain([&*started.url]).collect();
    assert_eq!(health(&check), (Some(0), String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_if_a_server_runs() {
    let emulator = Emulator::start().await.unwrap();
    let url = emulator.url().to_owned();
    for url in [url.clone(), format!("{url}/"), format!("{url}/v1"), url.replace("127.0.0.1", "localhost")] {
        assert_eq!(health(&["health", &url]), (Some(0), String::new()), "{url}");
    }
    for (url, error) in [
        (format!("{url}/image"), " is not healthy: status 404 Not Found\n"),
        (url.replace("http", "https"), " has no response: it is not an http URL\n"),
        ("localhost".to_owned(), " has no response: it is not an http URL\n"),
    ] {
        let (code, stderr) = health(&["health", &url]);
        assert_eq!(code, Some(1), "{url}: {stderr}");
        assert!(stderr.starts_with(&format!("error: {url}")) && stderr.ends_with(error), "{url}: {stderr}");
    }
    emulator.shutdown().await;
    let (code, stderr) = health(&["health", &url]);
    assert!(code == Some(1) && stderr.contains("has no response: "), "{stderr}");
}
