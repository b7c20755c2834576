//! A subscription over simulated encoders: whatever comes and goes, what leaves can be decoded.

mod encoder;
mod layers;
mod receiver;
