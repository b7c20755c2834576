//! What stands in for WHIP and WHEP in a build without them.

use std::net::IpAddr;
use std::rc::Rc;

use hyper::body::Incoming;
use hyper::{Request, Response};
use smol::LocalExecutor;

use crate::answer::Content;
use crate::control::ControlTask;

/// No paths.
pub enum Whip {}

impl Whip {
    /// Never comes to be.
    pub fn open(
        _control: &Rc<ControlTask>,
        _executor: &Rc<LocalExecutor<'static>>,
        _request_bytes: usize,
        _string_ids: bool,
    ) -> Option<Rc<Self>> {
        None
    }

    /// Has none.
    pub fn has(&self, _path: &str) -> bool {
        match *self {}
    }

    /// To nobody.
    pub async fn answer(self: &Rc<Self>, _request: Request<Incoming>, _address: Option<IpAddr>) -> Response<Content> {
        match **self {}
    }
}
