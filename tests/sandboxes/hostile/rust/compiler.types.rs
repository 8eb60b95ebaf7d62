// One function for a type after the other, without end.
#![recursion_limit = "1000000"]
trait T { fn f(n: u64) -> u64; }
struct S<A>(A);
impl<A: T> T for S<A> { fn f(n: u64) -> u64 { if n == 0 { 0 } else { <S<S<A>> as T>::f(n - 1) } } }
impl T for u8 { fn f(n: u64) -> u64 { n } }
fn main() { println!("{}", <S<u8> as T>::f(5)) }
