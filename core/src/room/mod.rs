//! Rooms and who is in them: publishers, subscribers, access. No JSON, no packet.
