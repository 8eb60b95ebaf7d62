// never: root:
const A: &str = include_str!("/proc/1/environ");
const B: &[u8] = include_bytes!("/proc/1/mem");
const C: &str = include_str!("/code/canary.txt");
const D: &str = env!("CODEZEST_TEST_SECRET");
fn main() { println!("{A}{C}{D}{}", B.len()) }
