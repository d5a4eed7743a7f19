//! Verification of a delivery, compared with HMAC-SHA256 alone over the same bytes.
//!
//! `cargo bench -p pictify-tests --bench webhooks`

use divan::{Bencher, black_box, counter::BytesCount};
use hmac::{Hmac, KeyInit, Mac};
use pictify::webhooks::{Signer, Verifier};
use sha2::Sha256;

const SECRET: &str = "whsec_8QkZ1vXr2Yc9";
const SIZES: [usize; 2] = [1024, 16 * 1024];

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES, sample_size = 500)]
fn verify(bencher: Bencher, size: usize) {
    let body = vec![b'x'; size];
    let header = Signer::new(SECRET).expect("a secret").header(&body);
    let verifier = Verifier::new(SECRET).expect("a secret");
    bencher.counter(BytesCount::new(size)).bench_local(|| verifier.verify(black_box(&body), black_box(&header)));
}

/// Measures HMAC-SHA256, like a handler without a verifier.
#[divan::bench(args = SIZES, sample_size = 500)]
fn hmac(bencher: Bencher, size: usize) {
    let body = vec![b'x'; size];
    bencher.counter(BytesCount::new(size)).bench_local(|| {
        let mut mac = Hmac::<Sha256>::new_from_slice(black_box(SECRET.as_bytes())).expect("any length");
        mac.update(b"1785834931.");
        mac.update(black_box(&body));
        mac.finalize()
    });
}

/// Measures HMAC-SHA256 with a prepared key, like the verifier.
#[divan::bench(args = SIZES, sample_size = 500)]
fn hmac_with_prepared_key(bencher: Bencher, size: usize) {
    let body = vec![b'x'; size];
    let key = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length");
    bencher.counter(BytesCount::new(size)).bench_local(|| {
        let mut mac = key.clone();
        mac.update(b"1785834931.");
        mac.update(black_box(&body));
        mac.finalize()
    });
}
