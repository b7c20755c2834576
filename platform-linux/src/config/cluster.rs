//! `[cluster]`

/// Other boxes, and where they meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The broker's URL; empty: there is no cluster.
    pub broker: String,
    /// What this box is called there; empty: as the machine is.
    pub name: String,
    /// What the topics begin with.
    pub topic: String,
    /// The name to log in by; empty: none.
    pub username: String,
    /// The password to log in by.
    pub password: String,
    /// The file of the authorities that may have signed the broker's certificate, as PEM.
    pub ca: String,
    /// The address where media of other boxes shall come; empty: the one by which the broker is reached.
    pub address: String,
    /// The rooms that span boxes; empty: all.
    pub rooms: Vec<String>,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            broker: String::new(),
            name: String::new(),
            topic: "parlor".into(),
            username: String::new(),
            password: String::new(),
            ca: String::new(),
            address: String::new(),
            rooms: Vec::new(),
        }
    }
}
