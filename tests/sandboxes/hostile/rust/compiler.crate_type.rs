#![crate_type = "proc-macro"]
#![feature(rustc_private)]
extern crate proc_macro;
#[proc_macro]
pub fn run(x: proc_macro::TokenStream) -> proc_macro::TokenStream { std::fs::write("/code/ran", "x").unwrap(); x }
