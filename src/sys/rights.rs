//! Who may read a file that holds a secret.

#[cfg(unix)]
use std::fs::Metadata;
use std::path::Path;

/// Rights that let others than the owner at a file.
#[cfg(unix)]
const OTHERS: u32 = 0o007;
#[cfg(unix)]
const GROUP: u32 = 0o070;

/// The mode of a key file that others than its owner may read or write. What root lets a group read is meant so: it is how
/// systemd and Kubernetes hand a secret to a service.
#[cfg(unix)]
pub(crate) fn open_mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let metadata = path.metadata().ok().filter(Metadata::is_file)?;
    let open = if metadata.uid() == 0 { OTHERS } else { OTHERS | GROUP };
    (metadata.mode() & open != 0).then(|| metadata.mode() & 0o777)
}

/// Rights are told in another way here.
#[cfg(not(unix))]
pub(crate) fn open_mode(_: &Path) -> Option<u32> {
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_key_file_that_others_may_read_is_told_of_with_its_mode() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        let is_root = std::os::unix::fs::MetadataExt::uid(&file.as_file().metadata().unwrap()) == 0;
        for (mode, open) in [
            (0o600, false),
            (0o400, false),
            (0o644, true),
            (0o604, true),
            (0o640, !is_root),
        ] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(open_mode(file.path()), open.then_some(mode), "{mode:o}");
        }
    }
}
