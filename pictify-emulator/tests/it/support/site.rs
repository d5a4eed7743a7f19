//! Web server with fixed files.

use std::collections::HashMap;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Starts a web server with these files, and returns its URL.
pub async fn start_site(files: HashMap<&'static str, (&'static str, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            while !bytes.ends_with(b"\r\n\r\n") {
                assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
            }
            let request = String::from_utf8(bytes).unwrap();
            let path = request.split(' ').nth(1).unwrap();
            let (head, body) = match files.get(path) {
                Some((head, body)) => (format!("200 OK\r\n{head}"), body.as_slice()),
                None => ("404 Not Found".to_owned(), &b"not found"[..]),
            };
            let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
        }
    });
    address
}
