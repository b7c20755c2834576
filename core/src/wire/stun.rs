//! STUN binding as ICE uses it (RFC 8489, RFC 8445 section 7): reads requests, writes responses.

use core::net::{IpAddr, SocketAddr};

use heapless::Vec;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::bytes::{Writer, u16_at, u32_at, u64_at};

/// Names one request and its response.
pub type TransactionId = [u8; 12];

/// The attributes that a request must not have unless we know them, as many as an answer names.
pub type UnknownAttributes = Vec<u16, 8>;

/// A password made ready for many messages (RFC 8489 section 14.5). Cloning it is cheap, making it is not.
#[derive(Clone)]
pub struct Integrity(Hmac<Sha1>);

impl Integrity {
    /// The key of a short-term `password`.
    pub fn new(password: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(password).ok().map(Self)
    }

    /// The digest of a message up to its MESSAGE-INTEGRITY, whose header counts `body_len` bytes.
    fn over(&self, message: &[u8], body_len: u16) -> Hmac<Sha1> {
        let mut hmac = self.0.clone();
        hmac.update(&message[..2]);
        hmac.update(&body_len.to_be_bytes());
        hmac.update(&message[4..]);
        hmac
    }
}

/// A binding request (RFC 8489 section 3, RFC 8445 section 7.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request<'a> {
    /// To be repeated in the response.
    pub transaction: TransactionId,
    /// USERNAME: the asked one's fragment, a colon, the asking one's fragment.
    pub username: Option<&'a [u8]>,
    /// PRIORITY of the candidate that the asked one would learn.
    pub priority: Option<u32>,
    /// USE-CANDIDATE: the pair is nominated.
    pub use_candidate: bool,
    /// ICE-CONTROLLING or ICE-CONTROLLED.
    pub role: Option<IceRole>,
    /// Whether there is a MESSAGE-INTEGRITY.
    pub has_integrity: bool,
    /// Whether there is a FINGERPRINT; it was right.
    pub has_fingerprint: bool,
    /// Attributes that must be understood and are not (RFC 8489 section 6.3.1): answer with 420.
    pub unknown: UnknownAttributes,
    signed: Option<Signed<'a>>,
}

/// The sender's role, with its tie breaker (RFC 8445 section 7.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IceRole {
    /// It nominates.
    Controlling(u64),
    /// It follows.
    Controlled(u64),
}

/// Why a request is refused (RFC 8489 section 14.8, RFC 8445 section 7.3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum ErrorCode {
    /// A credential attribute is missing.
    BadRequest = 400,
    /// The name or the password is wrong.
    Unauthenticated = 401,
    /// An attribute must be understood and is not.
    UnknownAttribute = 420,
    /// Both ends claim the same role.
    RoleConflict = 487,
}

/// What MESSAGE-INTEGRITY covers, and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Signed<'a> {
    message: &'a [u8],
    digest: &'a [u8],
}

impl<'a> Request<'a> {
    /// Reads a binding request that is exactly `bytes`. `None` for anything else: another method or class, a broken
    /// attribute, a wrong FINGERPRINT.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let attributes = header(bytes)?;
        let mut request = Self { transaction: *bytes.get(8..)?.first_chunk()?, ..Self::default() };
        let mut at = bytes.len() - attributes.len();
        while at < bytes.len() {
            if request.has_fingerprint {
                return None;
            }
            let kind = u16_at(bytes, at)?;
            let len = usize::from(u16_at(bytes, at + 2)?);
            let value = bytes.get(at + 4..at + 4 + len)?;
            request.attribute(kind, value, bytes, at)?;
            at += 4 + len.next_multiple_of(4);
        }
        (at == bytes.len()).then_some(request)
    }

    /// What a controlling agent sends to nominate the pair on which it sends it (RFC 8445 section 8.1.1).
    pub fn nominating(transaction: TransactionId, username: &'a [u8]) -> Self {
        let role = Some(IceRole::Controlling(1));
        Self { transaction, username: Some(username), priority: Some(1), use_candidate: true, role, ..Self::default() }
    }

    /// The two fragments of USERNAME: the asked one's and the asking one's.
    pub fn fragments(&self) -> Option<(&'a [u8], &'a [u8])> {
        let username = self.username?;
        let colon = username.iter().position(|byte| *byte == b':')?;
        Some((&username[..colon], &username[colon + 1..]))
    }

    /// Whether MESSAGE-INTEGRITY is there and right. Compared in constant time.
    pub fn is_authentic(&self, integrity: &Integrity) -> bool {
        self.signed.is_some_and(|signed| {
            let body_len = signed.message.len() + INTEGRITY_BYTES - HEADER_BYTES;
            integrity.over(signed.message, body_len as u16).verify_slice(signed.digest).is_ok()
        })
    }

    /// Writes this request, with FINGERPRINT, and signed if there is an `integrity`. Returns the length, `None` if
    /// `buffer` is too short.
    pub fn write(&self, buffer: &mut [u8], integrity: Option<&Integrity>) -> Option<usize> {
        let mut message = begin(buffer, BINDING_REQUEST, &self.transaction)?;
        if let Some(username) = self.username {
            attribute(&mut message, USERNAME, username)?;
        }
        if let Some(priority) = self.priority {
            attribute(&mut message, PRIORITY, &priority.to_be_bytes())?;
        }
        if self.use_candidate {
            attribute(&mut message, USE_CANDIDATE, &[])?;
        }
        match self.role {
            Some(IceRole::Controlling(tie)) => attribute(&mut message, ICE_CONTROLLING, &tie.to_be_bytes())?,
            Some(IceRole::Controlled(tie)) => attribute(&mut message, ICE_CONTROLLED, &tie.to_be_bytes())?,
            None => {}
        }
        finish(message, integrity)
    }

    /// Takes in one attribute that begins at `at`. The first of a kind counts, and after MESSAGE-INTEGRITY only
    /// FINGERPRINT does (RFC 8489 section 14.5).
    fn attribute(&mut self, kind: u16, value: &'a [u8], bytes: &'a [u8], at: usize) -> Option<()> {
        match kind {
            FINGERPRINT => {
                self.has_fingerprint = true;
                let right = fingerprint(&bytes[..at]).to_be_bytes();
                return (value == right && at + 8 == bytes.len()).then_some(());
            }
            _ if self.has_integrity => {}
            USERNAME => {
                self.username.get_or_insert(value);
            }
            MESSAGE_INTEGRITY => {
                self.has_integrity = true;
                let digest = (value.len() == 20).then_some(value)?;
                self.signed = Some(Signed { message: &bytes[..at], digest });
            }
            PRIORITY => {
                self.priority.get_or_insert(exactly(value, 4).and_then(|value| u32_at(value, 0))?);
            }
            USE_CANDIDATE => self.use_candidate = true,
            ICE_CONTROLLING | ICE_CONTROLLED => {
                let tie = exactly(value, 8).and_then(|value| u64_at(value, 0))?;
                let role = if kind == ICE_CONTROLLING { IceRole::Controlling(tie) } else { IceRole::Controlled(tie) };
                self.role.get_or_insert(role);
            }
            0..0x8000 => drop(self.unknown.push(kind)),
            _ => {}
        }
        Some(())
    }
}

/// Writes a success response that tells the asking one its address. Returns the length, `None` if `buffer` is too
/// short (a signed one takes at most [`SUCCESS_BYTES`]).
pub fn write_success(
    buffer: &mut [u8],
    transaction: &TransactionId,
    mapped: SocketAddr,
    integrity: Option<&Integrity>,
) -> Option<usize> {
    let mut message = begin(buffer, BINDING_SUCCESS, transaction)?;
    let port = mapped.port() ^ (COOKIE >> 16) as u16;
    let mut mask = [0; 16];
    mask[..4].copy_from_slice(&COOKIE.to_be_bytes());
    mask[4..].copy_from_slice(transaction);
    match mapped.ip().to_canonical() {
        IpAddr::V4(address) => {
            message.u16(XOR_MAPPED_ADDRESS)?;
            message.u16(8)?;
            message.u16(1)?;
            message.u16(port)?;
            message.u32(u32::from(address) ^ COOKIE)?;
        }
        IpAddr::V6(address) => {
            message.u16(XOR_MAPPED_ADDRESS)?;
            message.u16(20)?;
            message.u16(2)?;
            message.u16(port)?;
            message.bytes(&(u128::from(address) ^ u128::from_be_bytes(mask)).to_be_bytes())?;
        }
    }
    finish(message, integrity)
}

/// Writes an error response; `unknown` is named in it if the code is [`ErrorCode::UnknownAttribute`]. Returns the
/// length, `None` if `buffer` is too short.
pub fn write_error(
    buffer: &mut [u8],
    transaction: &TransactionId,
    code: ErrorCode,
    unknown: &UnknownAttributes,
    integrity: Option<&Integrity>,
) -> Option<usize> {
    let mut message = begin(buffer, BINDING_ERROR, transaction)?;
    let reason: &[u8] = match code {
        ErrorCode::BadRequest => b"Bad Request",
        ErrorCode::Unauthenticated => b"Unauthenticated",
        ErrorCode::UnknownAttribute => b"Unknown Attribute",
        ErrorCode::RoleConflict => b"Role Conflict",
    };
    let number = code as u16;
    message.u16(ERROR_CODE)?;
    message.u16(4 + reason.len() as u16)?;
    message.u16(0)?;
    message.u8((number / 100) as u8)?;
    message.u8((number % 100) as u8)?;
    message.bytes(reason)?;
    message.pad()?;
    if code == ErrorCode::UnknownAttribute {
        message.u16(UNKNOWN_ATTRIBUTES)?;
        message.u16(2 * unknown.len() as u16)?;
        for kind in unknown {
            message.u16(*kind)?;
        }
        message.pad()?;
    }
    finish(message, integrity)
}

/// The longest success response: IPv6, signed.
pub const SUCCESS_BYTES: usize = HEADER_BYTES + 24 + INTEGRITY_BYTES + 8;

const HEADER_BYTES: usize = 20;
const INTEGRITY_BYTES: usize = 24;
const COOKIE: u32 = 0x2112_a442;

const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;

const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802a;

/// The attributes of a binding request whose header is right (RFC 8489 section 5).
fn header(bytes: &[u8]) -> Option<&[u8]> {
    let body = bytes.get(HEADER_BYTES..)?;
    let is_request = u16_at(bytes, 0)? == BINDING_REQUEST && u32_at(bytes, 4)? == COOKIE;
    let counted = usize::from(u16_at(bytes, 2)?);
    (is_request && counted == body.len() && counted.is_multiple_of(4)).then_some(body)
}

/// `value` if it has `len` bytes.
fn exactly(value: &[u8], len: usize) -> Option<&[u8]> {
    (value.len() == len).then_some(value)
}

/// Begins a message; its length is written at the end.
fn begin<'a>(buffer: &'a mut [u8], kind: u16, transaction: &TransactionId) -> Option<Writer<'a>> {
    let mut message = Writer::new(buffer);
    message.u16(kind)?;
    message.u16(0)?;
    message.u32(COOKIE)?;
    message.bytes(transaction)?;
    Some(message)
}

/// Appends an attribute with its padding.
fn attribute(message: &mut Writer<'_>, kind: u16, value: &[u8]) -> Option<()> {
    message.u16(kind)?;
    message.u16(u16::try_from(value.len()).ok()?)?;
    message.bytes(value)?;
    message.pad()
}

/// Signs if there is an `integrity`, then closes with FINGERPRINT (RFC 8489 sections 14.5 and 14.7).
fn finish(mut message: Writer<'_>, integrity: Option<&Integrity>) -> Option<usize> {
    if let Some(integrity) = integrity {
        let body_len = u16::try_from(message.len() + INTEGRITY_BYTES - HEADER_BYTES).ok()?;
        let digest = integrity.over(message.written(), body_len).finalize().into_bytes();
        attribute(&mut message, MESSAGE_INTEGRITY, &digest)?;
    }
    let body_len = u16::try_from(message.len() + 8 - HEADER_BYTES).ok()?;
    message.written()[2..4].copy_from_slice(&body_len.to_be_bytes());
    let checksum = fingerprint(message.written());
    attribute(&mut message, FINGERPRINT, &checksum.to_be_bytes())?;
    Some(message.len())
}

/// The value of FINGERPRINT for the message before it (RFC 8489 section 14.7).
fn fingerprint(message: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in message {
        crc ^= u32::from(*byte);
        crc = (crc >> 4) ^ CRC_TABLE[(crc & 15) as usize];
        crc = (crc >> 4) ^ CRC_TABLE[(crc & 15) as usize];
    }
    !crc ^ 0x5354_554e
}

/// CRC-32 (ITU V.42) of each half byte.
const CRC_TABLE: [u32; 16] = {
    let mut table = [0; 16];
    let mut index = 0;
    while index < 16 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 4 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests;
