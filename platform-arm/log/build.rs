//! Tells the linker, and build scripts of binaries that use this crate, where defmt's script is.

use std::env;
use std::path::Path;

fn main() {
    let folder = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let script = Path::new(&folder).join("defmt-linux.x");
    println!("cargo::rerun-if-changed={}", script.display());
    // Who depends on this reads DEP_PARLOR_DEFMT_SCRIPT and says `-Wl,-T,` with it for its binaries.
    println!("cargo::metadata=script={}", script.display());
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|name| matches!(name.as_str(), "aarch64" | "arm")) {
        println!("cargo::rustc-link-arg-examples=-Wl,-T,{}", script.display());
    }
}
