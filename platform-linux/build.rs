//! Packs the pages' files, so that the binary holds them small and most browsers get them as they lie there.

use std::env;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use flate2::{Compression, GzBuilder};

fn main() {
    let output = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write"));
    for folder in ["page", "admin"] {
        println!("cargo::rerun-if-changed={folder}");
        fs::create_dir_all(output.join(folder)).expect("a folder for packed files");
        for file in fs::read_dir(folder).expect("the folder of a page") {
            let path = file.expect("a file of a page").path();
            println!("cargo::rerun-if-changed={}", path.display());
            let plain = fs::read(&path).expect("a file of a page");
            // No time and no name: the same files give the same bytes.
            let mut packed = GzBuilder::new().write(Vec::new(), Compression::best());
            packed.write_all(&plain).expect("memory");
            let name = path.file_name().expect("a name").to_string_lossy().into_owned() + ".gz";
            fs::write(output.join(folder).join(name), packed.finish().expect("memory")).expect("a packed file");
        }
    }
}
