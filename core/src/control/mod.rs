//! Janus' words: sessions, handles, requests, replies, events. Janus' vocabulary lives here and nowhere else.
