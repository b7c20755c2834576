//! What stands in for TLS in a build without it: there never is any.

use std::net::{IpAddr, TcpStream};
use std::rc::Rc;

use async_io::Async;

use super::local_name::LocalName;
use super::stream::Stream;
use crate::config::Configuration;

/// No TLS.
pub enum Tls {}

impl Tls {
    /// Cannot be had; the error is a sentence.
    pub fn open(_configuration: &Configuration, _local: &Rc<LocalName>) -> Result<Rc<Self>, String> {
        Err("this build of Parlor has no TLS".into())
    }

    /// Of nobody.
    pub fn authority(&self) -> Option<(&str, &[u8])> {
        match *self {}
    }

    /// With nobody.
    pub async fn accept(&self, _stream: Async<TcpStream>, _address: IpAddr) -> Option<Stream> {
        match *self {}
    }

    /// Nothing.
    pub async fn follow(self: Rc<Self>) {
        match *self {}
    }
}
