#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    pictify_fuzz::expression(input);
});
