//! Offers and answers (RFC 8866, RFC 8829): a bounded reader that borrows and copies nothing, a writer into lent
//! memory, and what a publisher or a subscriber and Parlor agreed on. It knows neither rooms nor Janus.
