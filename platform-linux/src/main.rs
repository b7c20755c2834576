//! The binary `parlor`.

use std::process::ExitCode;

use parlor_linux::arguments::{Action, Arguments, HELP};
use parlor_linux::config::Configuration;
use parlor_linux::plan::Plan;
use parlor_linux::{log, server};

fn main() -> ExitCode {
    match act() {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("parlor: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn act() -> Result<(), String> {
    let Arguments { action, config, options } = Arguments::read(std::env::args_os().skip(1))?;
    let configuration =
        |file: Option<&std::path::Path>| Configuration::read(file, &options).map_err(|refusal| refusal.to_string());
    match action {
        Action::Help => print!("{HELP}"),
        Action::Version => println!("parlor {}", env!("CARGO_PKG_VERSION")),
        Action::Check(file) => {
            configuration(Some(&file))?;
            println!("{}: all is well", file.display());
        }
        Action::Plan => print!("{}", Plan::new(&configuration(config.as_deref())?)),
        Action::Run => {
            let configuration = configuration(config.as_deref())?;
            log::start(configuration.log);
            server::run(&configuration)?;
        }
    }
    Ok(())
}
