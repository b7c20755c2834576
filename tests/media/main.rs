//! The media half in memory: one scenario a file.

mod a_join_storm_asks_for_few_keyframes;
mod a_lost_packet_is_asked_for_and_reaches_everybody;
mod a_relay_is_sealed_where_it_has_a_key;
mod a_subscriber_gets_the_simulcast_layer_it_asks_for;
mod a_switch_keeps_the_stream_continuous;
mod allocations;
mod an_ssrc_that_comes_back_is_still_understood;
mod every_subscriber_gets_every_byte;
mod forwarding_allocates_nothing;
mod memory_room;
mod traffic_is_told_as_it_was;
mod what_a_subscriber_lost_is_sent_again;
