//! Temporary.
#![allow(clippy::print_stdout, clippy::print_stderr)]
use std::time::Duration;
fn main() {
    let args: Vec<u64> = std::env::args().skip(1).map(|a| a.parse().unwrap()).collect();
    let mut o = bench::RoomOptions::default();
    o.rooms = args[0] as u32;
    o.people = args[1] as u32;
    o.window = Duration::from_secs(args[2]);
    o.settle = Duration::from_secs(args[3]);
    let mut last = "";
    let r = bench::room(o, &mut |s| { if s.what != last || s.done == s.total { eprintln!("{} {}/{}", s.what, s.done, s.total); last = s.what; } });
    match r { Ok(r) => println!("{r}\n{} fwd {}", serde_json::to_string(&r).unwrap(), r.forwarded), Err(e) => println!("{} {e}", e.code()) }
}
