//! One UDP socket a shard: batches in, groups out.
