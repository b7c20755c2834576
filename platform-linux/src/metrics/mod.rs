//! Counters and gauges of the whole server as OpenMetrics text, which Prometheus reads. Labels are shards, tables and
//! causes: their number depends on nobody who connects.

#[cfg(feature = "metrics")]
mod process;
#[cfg_attr(not(feature = "metrics"), path = "absent.rs")]
mod text;

pub(crate) use text::{ARE_KNOWN, text};

/// What the text is (OpenMetrics 1.0, section "Negotiation").
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
