//! The name by which the local network finds this machine.

use std::cell::RefCell;

/// A name such as `parlor.local`, which the responder of multicast DNS may have to change when another machine has it.
#[derive(Debug)]
pub struct LocalName {
    wanted: String,
    settled: RefCell<Option<String>>,
}

impl LocalName {
    /// The name whose first label is `label`; it may still change.
    pub fn wanted(label: &str) -> Self {
        Self { wanted: format!("{label}.local"), settled: RefCell::default() }
    }

    /// The same where nobody tries to get it: then it is taken for granted.
    pub fn given(label: &str) -> Self {
        let name = Self::wanted(label);
        name.settle(&name.wanted);
        name
    }

    /// It is known that the machine is called `name`.
    pub fn settle(&self, name: &str) {
        *self.settled.borrow_mut() = Some(name.into());
    }

    /// The name that is known to be this machine's.
    pub fn settled(&self) -> Option<String> {
        self.settled.borrow().clone()
    }

    /// The name as far as it is known.
    pub fn get(&self) -> String {
        self.settled().unwrap_or_else(|| self.wanted.clone())
    }
}
