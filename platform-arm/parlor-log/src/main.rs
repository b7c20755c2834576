//! `parlor-log`: reads the log frames of a firmware on the host, with the ELF that its build kept.

mod lines;
mod source;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use lines::{Form, Reader};
use source::Source;

const HELP: &str = "\
Reads the log frames of Parlor's firmware.

Usage:
  parlor-log --elf parlor.elf [--json] [--until-quiet SECONDS] [SOURCE]

SOURCE is one of
  -                      frames come on stdin (this is the default)
  FILE                   a file of frames, read to its end
  serial:DEVICE[:BAUD]   a serial port, such as serial:/dev/ttyUSB0; 115200 baud
  udp:ADDRESS:PORT       frames are sent to this address of this machine, such as udp:0.0.0.0:4444

  -e, --elf FILE         the ELF of the same build, which the build kept as parlor.elf
  -j, --json             one JSON object a line instead of text
  --until-quiet SECONDS  end when nothing came for so long
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("parlor-log: {sentence}");
            ExitCode::FAILURE
        }
    }
}

struct Arguments {
    elf: PathBuf,
    form: Form,
    until_quiet: Option<Duration>,
    source: String,
}

fn run() -> Result<(), String> {
    let Some(arguments) = arguments().map_err(|error| format!("{error}; see parlor-log --help"))? else {
        print!("{HELP}");
        return Ok(());
    };
    let shown = arguments.elf.display();
    let elf = std::fs::read(&arguments.elf).map_err(|error| format!("{shown}: {error}"))?;
    let table = lines::table(&elf).map_err(|why| format!("{shown}: {why}"))?;
    let mut reader = Reader::new(&table, &elf, arguments.form);
    let source = &arguments.source;
    let mut from = Source::open(source, arguments.until_quiet).map_err(|error| format!("{source}: {error}"))?;
    let mut bytes = vec![0; 65_536];
    loop {
        let len = match from.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(len) => len,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Ok(()),
            Err(error) => return Err(format!("{source}: {error}")),
        };
        let text = reader.read(&bytes[..len]);
        match std::io::stdout().write_all(text.as_bytes()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            done => done.map_err(|error| format!("stdout: {error}"))?,
        }
    }
}

/// The command line; nothing if help is wanted.
fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    use lexopt::prelude::*;
    let (mut elf, mut form, mut until_quiet, mut source) = (None, Form::Text, None, "-".to_string());
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('e') | Long("elf") => elf = Some(PathBuf::from(parser.value()?)),
            Short('j') | Long("json") => form = Form::Json,
            Long("until-quiet") => until_quiet = Some(Duration::from_secs(parser.value()?.parse::<u64>()?.max(1))),
            Short('h') | Long("help") => return Ok(None),
            Value(value) => source = value.string()?,
            _ => return Err(argument.unexpected()),
        }
    }
    let elf = elf.ok_or("--elf is missing")?;
    Ok(Some(Arguments { elf, form, until_quiet, source }))
}
