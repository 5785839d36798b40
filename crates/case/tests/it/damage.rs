//! Damaged files are errors of one line, never a panic, and never another case.

use crate::arbitrary::case;
use assay_case::{Case, CaseError};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::path::Path;

/// Reads a single file, and gives its complaint, if any, after checking that it is one line.
pub fn complaint(text: &str) -> Option<String> {
    let error = Case::parse(text, Path::new("x.case.wast"))
        .err()?
        .to_string();
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("x.case.wast:"), "{error}");
    Some(error)
}

/// The nearest place, not after `at`, where the text can be cut.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at)
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_that_was_cut_off_is_refused(case in case(), at in any::<Index>()) {
        let text = case.to_single().unwrap();
        let whole = text.trim_end();
        let cut = boundary(whole, at.index(whole.len()));
        prop_assert!(complaint(&whole[..cut]).is_some(), "{}", &whole[..cut]);
    }

    #[test]
    fn mutated_text_is_read_or_refused(
        case in case(),
        edits in vec((any::<Index>(), 0..6usize, "[ -~\\n]{0,3}|[\u{0}-\u{10ffff}]{0,2}"), 1..6),
    ) {
        let mut text = case.to_single().unwrap();
        for (at, length, new) in edits {
            let from = boundary(&text, at.index(text.len() + 1));
            let to = boundary(&text, (from + length).min(text.len())).max(from);
            text.replace_range(from..to, &new);
        }
        if complaint(&text).is_none() {
            let read = Case::parse(&text, Path::new("x")).unwrap();
            let again = read.to_single().expect("what can be read can be written");
            prop_assert_eq!(Case::parse(&again, Path::new("x")).unwrap(), read);
        }
    }

    #[test]
    fn lines_that_are_lost_or_swapped_are_read_or_refused(
        case in case(),
        edits in vec((any::<Index>(), any::<Index>(), any::<bool>()), 1..4),
    ) {
        let text = case.to_single().unwrap();
        let mut lines: Vec<_> = text.lines().collect();
        for (a, b, lost) in edits {
            let (a, b) = (a.index(lines.len()), b.index(lines.len()));
            if lost && lines.len() > 1 { lines.remove(a); } else { lines.swap(a, b); }
        }
        complaint(&lines.join("\n"));
    }

    #[test]
    fn mutated_bytes_on_disk_are_read_or_refused(
        case in case(),
        script in any::<bool>(),
        edits in vec((any::<Index>(), any::<u8>()), 1..4),
        cut in any::<Index>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("c");
        case.write_dir(&folder).unwrap();
        let file = folder.join(if script { "case.wast" } else { "case.toml" });
        let mut bytes = std::fs::read(&file).unwrap();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len() * 2));
        std::fs::write(&file, bytes).unwrap();
        if let Err(error) = Case::read(&folder) {
            prop_assert_eq!(error.to_string().lines().count(), 1);
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    let header = "\
;;; format = 1
;;; target = ''
;;; main = ''
;;; features = []
;;; memories = 0
;;; tags = 0
;;; limits = { time_ms = 1, stack_bytes = 2, gc_heap_bytes = 3 }
;;; # end
";
    assert_eq!(complaint(&format!("{header}(module)\n;; end")), None);
    for part in ["(", "(module (func (block ", "(assert_return ", "(module ("] {
        let script = part.repeat(100_000);
        assert!(complaint(&format!("{header}{script}\n;; end")).is_some());
    }
    for part in ["x = [", "x.", "[[", "{ x = "] {
        let toml = part.repeat(100_000);
        assert!(complaint(&format!(";;; {toml}\n;;; # end\n(module)\n;; end")).is_some());
    }
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.case.wast");
    std::fs::write(&file, b";;; # ok\n;;; \xff").unwrap();
    let error = Case::read(&file).unwrap_err();
    assert!(
        matches!(
            error,
            CaseError::NotText {
                line: 2,
                column: 5,
                ..
            }
        ),
        "{error}"
    );
}
