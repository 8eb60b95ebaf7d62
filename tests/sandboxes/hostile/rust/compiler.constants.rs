// A constant that takes for ever, and one that takes all memory.
const fn forever(n: u64) -> u64 { let mut i = 0; loop { i += 1; if i == 0 { return n; } } }
const A: u64 = forever(1);
static B: [u8; 1 << 40] = [1; 1 << 40];
fn main() { println!("{} {}", A, B[7]) }
