//! The board profile that this binary was built for (`build.rs`).

use parlor_core::limits::Limits;

include!(concat!(env!("OUT_DIR"), "/board.rs"));

#[cfg(test)]
mod tests {
    use parlor_linux::config::Configuration;

    use super::*;

    #[test]
    fn the_constants_are_what_the_profile_says() {
        let configuration = Configuration::read_text(NAME, PROFILE, &[]).unwrap();
        assert_eq!(configuration.limits, LIMITS);
        assert_eq!(usize::from(configuration.media.shards.count()), SHARDS);
        assert_eq!(configuration.board.table_kib as usize, TABLE_BYTES >> 10);
    }
}
