//! What stands in for clusters in a build without them.

use std::rc::Rc;

use smol::LocalExecutor;

use crate::config::Configuration;
use crate::control::ControlTask;
use crate::udp::Binding;

/// None.
pub enum Cluster {}

impl Cluster {
    /// Never comes to be.
    pub fn start(
        _configuration: &Configuration,
        _binding: Binding,
        _control: &Rc<ControlTask>,
        _executor: &LocalExecutor<'static>,
    ) -> Result<(), String> {
        Ok(())
    }
}
