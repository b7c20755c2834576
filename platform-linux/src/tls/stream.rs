//! A client's connection, in clear or protected: one type, so that what serves it is built once.

use std::io;
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_io::Async;
use smol::io::{AsyncRead, AsyncWrite};

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// In clear.
    Plain(Async<TcpStream>),
    /// Protected.
    #[cfg(feature = "tls")]
    Secure(Box<futures_rustls::server::TlsStream<Async<TcpStream>>>),
}

impl Stream {
    /// Whether it is protected.
    pub fn is_secure(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }
}

/// Hands a call on to whatever the connection is.
macro_rules! each {
    ($self:ident, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Stream::Plain(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            #[cfg(feature = "tls")]
            Stream::Secure(stream) => {
                let $stream = Pin::new(&mut **stream);
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        each!(self, stream => stream.poll_read(context, bytes))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, stream => stream.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_flush(context))
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_close(context))
    }
}
