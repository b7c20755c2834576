//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = "\
Parlor: a video conference server for the local network that speaks the Janus VideoRoom API.

Usage:
  parlor [--config FILE] [--set KEY=VALUE ...]         run; without a file, the built-in configuration
  parlor plan [--config FILE] [--set KEY=VALUE ...]    print how much memory a configuration takes
  parlor check FILE                                    say what is wrong with a configuration file
  parlor keep FILE [--set state.directory=DIRECTORY]   check a file and keep it in the state directory: from then on
                                                       it is the built-in configuration of this machine
  parlor import DIRECTORY                              print what a folder of Janus' .jcfg files means, as TOML
  parlor recordings [--repair] [--config FILE] [--set KEY=VALUE ...]
                                                       list recordings; --repair closes those that a crash left open
  parlor status [--watch] [--json] [--config FILE] [--set KEY=VALUE ...]
                                                       how the server of this machine is: rooms, people, streams,
                                                       tables, drops; --watch: again every two seconds
  parlor --version
  parlor --help

Options:
  -c, --config FILE      read FILE (TOML); see the folder configs for examples
  -j, --janus-configs DIRECTORY
                         read Janus' files (janus.jcfg, janus.plugin.videoroom.jcfg ...) instead
  -s, --set KEY=VALUE    change one value: --set control.websocket=127.0.0.1:8188 --set media.shards=1
                         text needs no quotes, lists are written [a,b], a room's key is room.NUMBER.KEY

It ends on SIGINT or SIGTERM, and on SIGQUIT when the last one left; SIGHUP has it read its configuration again.
Lines about what happens go to stderr.
";

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Serve.
    Run,
    /// Print the memory sum.
    Plan,
    /// Check a file.
    Check(PathBuf),
    /// Check a file and keep it.
    Keep(PathBuf),
    /// Print the meaning of a folder of Janus' files.
    Import(PathBuf),
    /// List recordings.
    Recordings {
        /// Whether what was left open or torn is mended first.
        repair: bool,
    },
    /// Show how the server is.
    Status {
        /// Again and again.
        watch: bool,
        /// As JSON.
        json: bool,
    },
    /// Print the version.
    Version,
    /// Print [`HELP`].
    Help,
}

/// Where the configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The binary.
    BuiltIn,
    /// A TOML file.
    File(PathBuf),
    /// A folder of Janus' files.
    Janus(PathBuf),
}

/// The command line, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// What to do.
    pub action: Action,
    /// `--config` or `--janus-configs`
    pub source: Source,
    /// `--set`, in their order.
    pub options: Vec<String>,
}

impl Arguments {
    /// Reads `arguments` (without the program's name); the error is a sentence.
    pub fn read<I: IntoIterator<Item = OsString>>(arguments: I) -> Result<Self, String> {
        Self::parse(lexopt::Parser::from_args(arguments)).map_err(|error| format!("{error}; see parlor --help"))
    }

    fn parse(mut parser: lexopt::Parser) -> Result<Self, lexopt::Error> {
        use lexopt::prelude::*;
        let mut arguments = Self { action: Action::Run, source: Source::BuiltIn, options: Vec::new() };
        while let Some(argument) = parser.next()? {
            match argument {
                Short('c') | Long("config") => arguments.source = Source::File(parser.value()?.into()),
                Short('j') | Long("janus-configs") => arguments.source = Source::Janus(parser.value()?.into()),
                Short('s') | Long("set") => arguments.options.push(parser.value()?.string()?),
                Short('V') | Long("version") => arguments.action = Action::Version,
                Short('h') | Long("help") => arguments.action = Action::Help,
                Value(word) if arguments.action == Action::Run && word == "plan" => arguments.action = Action::Plan,
                Value(word) if arguments.action == Action::Run && word == "recordings" => {
                    arguments.action = Action::Recordings { repair: false };
                }
                Long("repair") if matches!(arguments.action, Action::Recordings { .. }) => {
                    arguments.action = Action::Recordings { repair: true };
                }
                Value(word) if arguments.action == Action::Run && word == "status" => {
                    arguments.action = Action::Status { watch: false, json: false };
                }
                Long("watch") if matches!(arguments.action, Action::Status { .. }) => {
                    if let Action::Status { watch, .. } = &mut arguments.action {
                        *watch = true;
                    }
                }
                Long("json") if matches!(arguments.action, Action::Status { .. }) => {
                    if let Action::Status { json, .. } = &mut arguments.action {
                        *json = true;
                    }
                }
                Value(word) if arguments.action == Action::Run && word == "check" => {
                    let file = parser.value().map_err(|_| "check needs a FILE")?;
                    arguments.action = Action::Check(file.into());
                }
                Value(word) if arguments.action == Action::Run && word == "keep" => {
                    let file = parser.value().map_err(|_| "keep needs a FILE")?;
                    arguments.action = Action::Keep(file.into());
                }
                Value(word) if arguments.action == Action::Run && word == "import" => {
                    let folder = parser.value().map_err(|_| "import needs a DIRECTORY")?;
                    arguments.action = Action::Import(folder.into());
                }
                _ => return Err(argument.unexpected()),
            }
        }
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Arguments, String> {
        Arguments::read(words.iter().map(OsString::from))
    }

    #[test]
    fn options_come_in_any_order_and_keep_theirs() {
        let arguments = read(&["--set", "a=1", "plan", "--config=x.toml", "-s", "b=2"]).unwrap();
        assert_eq!(arguments.action, Action::Plan);
        assert_eq!(arguments.source, Source::File("x.toml".into()));
        assert_eq!(arguments.options, ["a=1", "b=2"]);
        assert_eq!(read(&[]).unwrap().action, Action::Run);
        assert_eq!(read(&["check", "y.toml"]).unwrap().action, Action::Check("y.toml".into()));
        assert_eq!(read(&["keep", "y.toml"]).unwrap().action, Action::Keep("y.toml".into()));
        assert_eq!(read(&["recordings"]).unwrap().action, Action::Recordings { repair: false });
        assert_eq!(read(&["recordings", "--repair"]).unwrap().action, Action::Recordings { repair: true });
        assert_eq!(read(&["status", "--watch"]).unwrap().action, Action::Status { watch: true, json: false });
        assert_eq!(read(&["status", "--json"]).unwrap().action, Action::Status { watch: false, json: true });
        assert_eq!(read(&["import", "janus"]).unwrap().action, Action::Import("janus".into()));
        assert_eq!(read(&["--janus-configs", "janus"]).unwrap().source, Source::Janus("janus".into()));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_a_hint() {
        for words in [
            &["dance"][..],
            &["check"],
            &["keep"],
            &["import"],
            &["--config"],
            &["plan", "plan"],
            &["--verbose"],
            &["--repair"],
            &["--watch"],
        ] {
            assert!(read(words).unwrap_err().ends_with("; see parlor --help"), "for {words:?}");
        }
    }
}
