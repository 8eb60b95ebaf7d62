// beside: a secret
use std::{env, fs, net};

fn main() {
    let mut found: Vec<String> = env::vars().map(|(name, _)| name).filter(|name| !["PATH", "HOME", "LANG"].contains(&name.as_str())).collect();
    for path in ["/proc/1/environ", "/proc/1/mem", "/etc/shadow", "/run/docker.sock"] {
        if fs::read(path).is_ok() { found.push(path.into()); }
    }
    for address in ["127.0.0.1:80", "1.1.1.1:443", "[::1]:80"] {
        if net::TcpStream::connect(address).is_ok() { found.push(address.into()); }
    }
    for folder in ["/tmp", "/dev/shm"] {
        if fs::read_dir(folder).unwrap().next().is_some() { found.push(folder.into()); }
    }
    if found.is_empty() { println!("held") } else { println!("{found:?}") }
}
