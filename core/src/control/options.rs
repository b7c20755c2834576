//! What an administrator may change while Parlor runs.

use super::drain::Drain;
use super::settings::Settings;
use crate::media;

/// Janus' options. Some of them change nothing here and are kept for those who ask: no debug lines are written for
/// locks and references, for there are none; the log has its own looks; what is kept for NACKs is a number of packets.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Seconds without a word after which a session ends; 0: never.
    pub(crate) session_timeout_s: u32,
    /// Whether new sessions may begin.
    pub(crate) accepts_sessions: bool,
    /// The lines that are logged, as one of Janus' levels.
    pub(crate) log_level: u8,
    /// Changes nothing.
    pub(crate) log_timestamps: bool,
    /// Changes nothing.
    pub(crate) log_colors: bool,
    /// Changes nothing.
    pub(crate) locking_debug: bool,
    /// Changes nothing.
    pub(crate) refcount_debug: bool,
    /// Changes nothing.
    pub(crate) libnice_debug: bool,
    /// Changes nothing.
    pub(crate) min_nack_queue_ms: u32,
    /// Changes nothing.
    pub(crate) nack_optimizations: bool,
    /// Whether clients are told what they call their handles.
    pub(crate) tells_opaque_ids: bool,
    /// Whether nobody new may come, and until when.
    pub(crate) drain: Option<Drain>,
    /// What the shards were told.
    pub(crate) media: media::Settings,
}

impl Options {
    /// What the configuration says.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            session_timeout_s: settings.session_timeout_s,
            accepts_sessions: true,
            log_level: settings.log_level,
            log_timestamps: false,
            log_colors: false,
            locking_debug: false,
            refcount_debug: false,
            libnice_debug: false,
            min_nack_queue_ms: 200,
            nack_optimizations: false,
            tells_opaque_ids: settings.opaque_ids_in_api,
            drain: None,
            media: settings.media,
        }
    }
}
