//! The firmware in an emulated board, and peers outside. `platform-arm/test` builds it and runs these.

mod a_board_is_ready_soon_and_a_peer_hears_itself_through_it;
mod a_board_lives_in_ipv6_and_asks_for_the_time;
mod a_permanent_room_outlives_the_power_and_a_damaged_file_does_not;
mod a_static_address_needs_no_server;
mod a_wedged_media_half_resets_the_board;
mod frames_leave_by_a_serial_port;
mod limits_beyond_the_image_are_refused_in_a_sentence;
mod machine;
mod ten_people_meet_in_64_mib;
