// Macros that double, and one that calls itself.
#![recursion_limit = "100000"]
macro_rules! double { ($($x:tt)*) => { double! { $($x)* $($x)* } }; }
fn main() { double! { a b c d } }
