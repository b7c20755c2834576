//! How a subscription is served: what it gets less of than there is, and why.

/// Why a subscription is sent less than its stream has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LimitedBy {
    /// It is sent everything.
    #[default]
    Nothing,
    /// Its client asked for lower layers.
    Request,
    /// The way to its subscriber is too narrow.
    Bandwidth,
    /// The machine has no time for more.
    Load,
}

/// How a subscription is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Why it is sent less than its stream has.
    pub limited_by: LimitedBy,
    /// What the way to its subscriber carries, in bits a second; `None` as long as it showed no limit.
    pub way_bps: Option<u32>,
}
