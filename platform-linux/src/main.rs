//! The binary `parlor`.

use std::process::ExitCode;

use parlor_linux::arguments::{Action, Arguments, HELP, Source};
use parlor_linux::config::Configuration;
use parlor_linux::plan::Plan;
use parlor_linux::{janus_config, kept, log, server};

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
    let Arguments { action, source, options } = Arguments::read(std::env::args_os().skip(1))?;
    match action {
        Action::Help => print!("{HELP}"),
        Action::Version => println!("parlor {}", env!("CARGO_PKG_VERSION")),
        Action::Check(file) => {
            configuration(&Source::File(file.clone()), &options)?;
            println!("{}: all is well", file.display());
        }
        Action::Keep(file) => println!("kept as {}", kept::keep(&file, &options)?),
        Action::Import(folder) => print!("{}", configuration(&Source::Janus(folder), &options)?.to_toml()),
        Action::Plan => print!("{}", Plan::new(&configuration(&source, &options)?)),
        Action::Run => {
            let configuration = configuration(&source, &options)?;
            log::start(configuration.log);
            server::run(&configuration)?;
        }
    }
    Ok(())
}

fn configuration(source: &Source, options: &[String]) -> Result<Configuration, String> {
    match source {
        Source::BuiltIn => {
            let (configuration, remark) = kept::configuration(options)?;
            if let Some(remark) = remark {
                eprintln!("parlor: {remark}");
            }
            Ok(configuration)
        }
        Source::File(file) => Configuration::read(Some(file), options).map_err(|refusal| refusal.to_string()),
        Source::Janus(folder) => {
            let imported = janus_config::read(folder, options).map_err(|refusal| refusal.to_string())?;
            for note in imported.notes {
                eprintln!("parlor: {note}");
            }
            Ok(imported.configuration)
        }
    }
}
