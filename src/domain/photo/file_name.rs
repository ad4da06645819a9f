//! The name of the file for a user's photo: safe on every file system, and no two users have the same.

use sha2::{Digest, Sha256};

use super::PhotoFormat;
use crate::domain::text::hex;

/// Longest name before its ending, far enough below the 255 bytes of most file systems.
const MAX_BYTES: usize = 200;

/// Names that Windows keeps for devices, whatever follows a dot in them.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

impl PhotoFormat {
    fn ending(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }
}

/// `<user_id>.jpg`, or `.png`. Whatever is not a lower-case letter, a digit, `_`, or a `-` or `.` within the id stands as
/// `%` and two digits: capitals too, since some file systems take `A` for `a`. An id that gets too long so becomes
/// `~` and its SHA-256.
pub(crate) fn file_name(user_id: &str, format: PhotoFormat) -> String {
    let ending = format.ending();
    let encoded = encoded(user_id);
    if encoded.len() > MAX_BYTES {
        return format!("~{}.{ending}", hex(&Sha256::digest(user_id)));
    }
    format!("{encoded}.{ending}")
}

fn encoded(user_id: &str) -> String {
    let device = user_id.split('.').next().is_some_and(|name| DEVICES.contains(&name));
    let mut name = String::with_capacity(user_id.len());
    for (place, byte) in user_id.bytes().enumerate() {
        let is_safe = match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' => !(device && place == 0),
            b'.' | b'-' => place > 0,
            _ => false,
        };
        match is_safe {
            true => name.push(char::from(byte)),
            false => name += &format!("%{}", hex(&[byte])),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::cases;
    use proptest::prelude::*;

    fn name(user_id: &str) -> String {
        file_name(user_id, PhotoFormat::Jpeg)
    }

    proptest! {
        #![proptest_config(cases(256))]

        #[test]
        fn no_two_users_share_a_name_in_whatever_case(a in "[aAbB./\\\\ %~é-]{1,6}", b in "[aAbB./\\\\ %~é-]{1,6}") {
            prop_assert_eq!(a == b, name(&a).to_lowercase() == name(&b).to_lowercase());
        }

        #[test]
        fn every_name_is_safe(user_id in ".{1,300}") {
            let name = name(&user_id);
            prop_assert!(name.len() <= MAX_BYTES + 4 && !name.starts_with(['.', '-']));
            prop_assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.%~".contains(&b)));
        }
    }

    #[test]
    fn ids_are_named_so() {
        for (user_id, wanted) in [
            ("demo_0101", "demo_0101.jpg"),
            ("007", "007.jpg"),
            ("A", "%41.jpg"),
            ("../x", "%2e.%2fx.jpg"),
            ("a.b@c.com", "a.b%40c.com.jpg"),
            ("con", "%63on.jpg"),
            ("nul.x", "%6eul.x.jpg"),
            ("console", "console.jpg"),
            ("é", "%c3%a9.jpg"),
        ] {
            assert_eq!(name(user_id), wanted);
        }
        let long = name(&"é".repeat(200));
        assert!(long.starts_with('~') && long.len() == 69, "{long}");
        assert_ne!(long, name(&"è".repeat(200)));
        assert_eq!(file_name("a", PhotoFormat::Png), "a.png");
    }
}
