//! Writes the capacities of the board profile as constants: `configs/gateway-a53.toml`, or `gateway-a7.toml` for 32-bit
//! boards, or the file `configs/$PARLOR_BOARD.toml`. Gives the linker what `defmt` needs of it.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-env-changed=PARLOR_BOARD");
    if let Ok(script) = env::var("DEP_PARLOR_DEFMT_SCRIPT") {
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{script}");
    }
    let is_32_bit = env::var("CARGO_CFG_TARGET_POINTER_WIDTH").is_ok_and(|width| width == "32");
    let usual = if is_32_bit { "gateway-a7" } else { "gateway-a53" };
    let board = env::var("PARLOR_BOARD").unwrap_or_else(|_| usual.into());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../configs/{board}.toml"));
    println!("cargo::rerun-if-changed={}", file.display());
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let out = Path::new(&env::var("OUT_DIR").expect("cargo says where")).join("board.rs");
    fs::write(out, constants(&board, &text, &table)).expect("the constants can be written");
}

/// A key that does not exist, or a number that is too large, is an error of the compiler that reads this.
fn constants(board: &str, text: &str, table: &toml::Table) -> String {
    let number = |section: &str, key: &str| {
        let value = table.get(section).and_then(|section| section.get(key)).and_then(toml::Value::as_integer);
        value.unwrap_or_else(|| panic!("{board}: {section}.{key} must be a whole number: a board knows its memory"))
    };
    let mut limits = String::new();
    for (key, value) in table.get("limits").and_then(toml::Value::as_table).into_iter().flatten() {
        let _ = write!(limits, "{key}: {value}, ");
    }
    format!(
        "/// The profile's name.\npub(crate) const NAME: &str = \"configs/{board}.toml\";\n\
         /// The profile itself.\npub(crate) const PROFILE: &str = {text:?};\n\
         /// The capacities of all tables.\npub(crate) const LIMITS: Limits = Limits {{ {limits}..Limits::DEFAULT }};\n\
         /// Media threads.\npub(crate) const SHARDS: usize = {};\n\
         /// What all tables together may take, in bytes.\npub(crate) const TABLE_BYTES: usize = {} << 10;\n",
        number("media", "shards"),
        number("board", "table_kib"),
    )
}
