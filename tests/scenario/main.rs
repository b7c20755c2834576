//! End to end: the real binary between foreign peers. One scenario a file, each a sentence.
//!
//! `tests/run` builds what they need; then `cargo test -p parlor-tests --test scenario -- --test-threads=1`

mod boxes;
mod common;
mod films;
mod talking;

mod a_body_that_comes_slowly_is_cut_off;
mod a_busy_server_takes_nobody_new_and_keeps_sound;
mod a_client_of_long_polls_publishes;
mod a_client_of_long_polls_watches;
mod a_drain_waits_for_the_last_one_to_leave;
mod a_film_plays_as_it_was_made;
mod a_foreign_stack_accepts_audio_video_and_rtcp;
mod a_forwarded_stream_reaches_an_address_byte_for_byte;
mod a_large_audience_is_served_by_every_shard;
mod a_late_joiner_gets_a_keyframe;
mod a_peer_that_stops_reading_does_not_disturb_others;
mod a_phone_that_changes_its_address_goes_on;
mod a_program_speaks_by_datagrams;
mod a_publisher_of_a_dead_box_is_gone;
mod a_publisher_of_another_box_is_in_the_room;
mod a_reload_swaps_settings_while_media_flows;
mod a_session_is_claimed_while_media_flows;
mod a_signal_ends_the_server;
mod an_administrator_captures_what_flows;
mod an_encoder_publishes_by_one_post_and_a_player_watches;
mod an_operator_sees_what_flows;
mod events_reach_a_post_a_websocket_and_a_broker;
mod lost_packets_are_sent_again;
mod media_threads_allocate_nothing;
mod memory_after_a_thousand_joins_is_as_after_ten;
mod one_publisher_reaches_fifty_subscribers;
mod one_who_does_not_read_loses_messages_and_others_none;
mod somebody_with_the_number_of_another_is_refused;
mod tones_are_seen_in_their_bands;
mod what_another_box_sends_is_recorded_and_forwarded;
mod what_another_box_sends_with_a_wrong_key_is_not_seen;
