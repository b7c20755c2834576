//! The control half as a client and a shard see it: requests in, messages and commands out.

mod access;
mod administering;
mod bandwidth;
mod capturing;
mod client;
mod data;
mod draining;
mod dynamic_rooms;
mod events;
mod flow;
mod full;
mod layers;
mod malformed;
mod names;
mod participants;
mod permanent;
mod protocol;
mod publishing;
mod recording;
mod redundancy;
mod speech;
mod states;
mod status;
mod subscribing;
mod texts;
mod walk;
