//! What the CPU is good at.

use parlor_core::link::SrtpProfile;

/// The SRTP profile that is cheapest here. With instructions for AES and carry-less multiplication GCM costs a third of
/// AES-CM with HMAC-SHA1, without them twice as much.
pub fn preferred_srtp_profile() -> SrtpProfile {
    if has_gcm_instructions() { SrtpProfile::AeadAes128Gcm } else { SrtpProfile::Aes128CmSha1_80 }
}

/// The choice and its reason, for the log.
pub fn described() -> &'static str {
    if has_gcm_instructions() {
        "the CPU has instructions for AES and GCM: AES-GCM is preferred"
    } else {
        "no instructions of the CPU serve GCM: AES-CM with HMAC-SHA1 is preferred"
    }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn has_gcm_instructions() -> bool {
    std::arch::is_x86_feature_detected!("aes") && std::arch::is_x86_feature_detected!("pclmulqdq")
}

#[cfg(target_arch = "aarch64")]
fn has_gcm_instructions() -> bool {
    std::arch::is_aarch64_feature_detected!("aes") && std::arch::is_aarch64_feature_detected!("pmull")
}

/// On 32-bit ARM `ring` uses no AES instructions even where the CPU has them.
#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
fn has_gcm_instructions() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel's own list is the witness.
    #[test]
    fn the_choice_follows_the_flags_of_the_kernel() {
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap();
        let line = info.lines().find(|line| line.starts_with("flags") || line.starts_with("Features")).unwrap_or("");
        let has = |flag: &str| line.split_whitespace().any(|word| word == flag);
        let expected = if cfg!(target_arch = "arm") { false } else { has("aes") && (has("pclmulqdq") || has("pmull")) };
        assert_eq!(preferred_srtp_profile() == SrtpProfile::AeadAes128Gcm, expected);
    }
}
