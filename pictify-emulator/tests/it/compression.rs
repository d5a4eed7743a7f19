//! Compression of responses.

use crate::support::{KEY, create, file_path, get, send};
use pictify_emulator::{Emulator, Fault};

const GZIP: &str = "Accept-Encoding: gzip, br";

#[tokio::test]
async fn responses_are_compressed_if_the_client_asks() {
    let emulator = Emulator::start().await.unwrap();
    let file = file_path(&emulator, &create(&emulator, "x", 9, 9).await);
    for (path, headers, encoding) in [
        ("/image", &[KEY][..], None),
        ("/image", &[KEY, GZIP], Some("gzip")),
        ("/", &[GZIP], Some("gzip")),
        (&file, &[GZIP], None),
    ] {
        let response = send(&emulator, &format!("GET {path}"), headers, b"").await;
        assert_eq!((response.status, response.header("content-encoding")), (200, encoding), "{path} {headers:?}");
    }
    let compressed = send(&emulator, "GET /image", &[KEY, GZIP], b"").await;
    assert!(compressed.body.windows(2).any(|bytes| bytes == b"\x1f\x8b"), "{compressed:?}");
}

/// A fault counts the bytes that the client receives.
#[tokio::test]
async fn responses_with_a_fault_are_not_compressed() {
    let emulator = Emulator::builder().faults([Fault::status(503).body("x".repeat(1000))]).start().await.unwrap();
    let response = send(&emulator, "GET /image", &[KEY, GZIP], b"").await;
    assert_eq!((response.status, response.header("content-encoding"), response.body.len()), (503, None, 1000));
    emulator.set_faults(0, []);
    assert_eq!(get(&emulator, "/image").await.status, 200);
}
