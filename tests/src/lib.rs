//! What the scenarios share: peers, links, counters.
