//! Makes sure that the folder of the web app exists, so that the program also builds before the web
//! app was built (it then says so instead of serving pages), and rebuilds when the pages change.

fn main() {
    let dist = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/app/dist");
    let _ = std::fs::create_dir_all(dist);
    println!("cargo:rerun-if-changed={dist}");
}
