//! Damaged files are errors of one line, never a panic, and never another case.

use crate::arbitrary::case;
use assay_case::{Case, CaseError};
use expect_test::{Expect, expect};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::path::Path;

/// Reads a single file, and gives its complaint, if any, after checking that it is one line.
fn complaint(text: &str) -> Option<String> {
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

/// A small whole file, and what is said once `old` in it is replaced by `new`.
fn check(old: &str, new: &str, expected: Expect) {
    let whole = r#";;; format = 1
;;; target = "differential"
;;; main = "m"
;;; features = ["gc"]
;;; memories = 0
;;; tags = 1
;;; limits = { time_ms = 1, stack_bytes = 2, gc_heap_bytes = 3 }
;;; [[step]]
;;; call = 1
;;; outcome = { threw = { tag = 0, payload = ["i32.const 1"] } }
;;; # end
(module)
(register "a")
(module)
(assert_return (invoke "f" (i32.const 1)) (f32.const nan:0x1))
(assert_exception (invoke "g"))
;; end
"#;
    assert_eq!(complaint(whole), None);
    assert!(whole.contains(old));
    expected.assert_eq(&complaint(&whole.replace(old, new)).unwrap_or_default());
}

#[test]
fn complaints_about_the_header() {
    check(
        "format = 1",
        "format = 2",
        expect![["x.case.wast: has case format 2; this version reads format 1"]],
    );
    check(
        "format = 1\n",
        "\n",
        expect![["x.case.wast:1:5: missing field `format`"]],
    );
    check(
        ";;; ",
        ";; ",
        expect![["x.case.wast: not a case: it does not begin with a header in `;;;` lines"]],
    );
    check(
        "tags = 1",
        "tags = one",
        expect![["x.case.wast:6:12: string values must be quoted, expected literal string"]],
    );
    check(
        "tags = 1",
        "tags = -1",
        expect![["x.case.wast:6:12: invalid value: integer `-1`, expected u32"]],
    );
    check(
        "tags = 1",
        "tags = 1\n;;; tgas = 2",
        expect![[
            "x.case.wast:7:5: unknown field `tgas`, expected one of `format`, `target`, `seed`, `index`, `main`, `features`, `memories`, `tags`, `unreached`, `limits`, `finding`, `engine`, `host`, `step`"
        ]],
    );
    check(
        "stack_bytes = 2",
        "stack_bytes = 2, fuel = 3",
        expect![[
            "x.case.wast:7:46: unknown field `fuel`, expected one of `time_ms`, `stack_bytes`, `gc_heap_bytes`"
        ]],
    );
    check(
        ";;; main = \"m\"\n",
        "",
        expect![["x.case.wast:1:5: missing field `main`"]],
    );
    check(
        "\"gc\"",
        "\"gcc\"",
        expect![[r#"x.case.wast:4:16: there is no feature "gcc""#]],
    );
    check(
        "\"i32.const 1\"",
        "\"i32.const x\"",
        expect![[r#"x.case.wast:10:46: "i32.const x" is not a value: expected a i32"#]],
    );
    check(
        "\"i32.const 1\"",
        "\"f32.const nan:canonical\"",
        expect![[r#"x.case.wast:10:46: "f32.const nan:canonical" is not one exact value"#]],
    );
    check(
        "# end",
        "",
        expect![["x.case.wast: cut off: the line `# end` is missing at the end of the header"]],
    );
}

#[test]
fn complaints_about_the_script() {
    check(
        "(module)\n(reg",
        "(module (func $f (result i32) nope))\n(reg",
        expect![["x.case.wast:12:31: unknown operator or unexpected token"]],
    );
    check(
        "(module)\n(assert",
        "(assert",
        expect![["x.case.wast:14:17: a call before the main module"]],
    );
    check(
        "(register \"a\")\n",
        "",
        expect![[
            "x.case.wast:13:2: the module before this one is not registered, which only the main, last one is not"
        ]],
    );
    check(
        "(assert_return",
        "(assert_return_",
        expect![[
            "x.case.wast:15:2: unexpected token, expected one of: `module`, `component`, `assert_malformed`, `assert_malformed_custom`, `assert_invalid`, `assert_invalid_custom`, `register`, `invoke`, `assert_trap`, `assert_return`, `assert_exhaustion`, `assert_unlinkable`, `assert_exception`, `assert_suspension`, `thread`, `wait`"
        ]],
    );
    check(
        "nan:0x1",
        "nan:canonical",
        expect![["x.case.wast:15:2: a result that leaves a choice: a case has exact values"]],
    );
    check(
        "(invoke \"g\")",
        "(get \"g\")",
        expect![["x.case.wast:16:2: the script of a case has no such line"]],
    );
    check(
        "(i32.const 1)",
        "(ref.host 1)",
        expect![[
            "x.case.wast:15:17: it has an argument that is no number, vector, null, or ref.extern"
        ]],
    );
    check(
        "(invoke \"g\")",
        "(invoke $m \"g\")",
        expect![["x.case.wast:16:20: all calls go to the main module, without a name"]],
    );
    check(
        "(module)\n(assert",
        "(assert_invalid (module) \"\")\n(assert",
        expect![["x.case.wast:15:17: a call of an instance that there is not expected to be"]],
    );
    check(
        ";; end",
        "(assert_return (invoke \"assay:payload:0\"))\n;; end",
        expect![[
            "x.case.wast:17:17: a payload is asserted that does not directly follow a call that threw this tag"
        ]],
    );
    check(
        ";; end",
        "(assert_return (invoke \"assay:observe\"))\n(assert_return (invoke \"assay:observe\"))\n;; end",
        expect![["x.case.wast:18:17: the state is observed twice"]],
    );
    check(
        ";; end",
        "(assert_trap (invoke \"assay:observe\") \"\")\n;; end",
        expect![["x.case.wast:17:15: an observation gives exact values and takes no argument"]],
    );
    check(
        ";; end",
        "",
        expect![["x.case.wast: cut off: the line `;; end` is missing at the end of the script"]],
    );
}

#[test]
fn complaints_about_catching_calls() {
    let returns = "(assert_return (invoke \"f\" (i32.const 1)) (f32.const nan:0x1))";
    let bad_status = "(assert_return (invoke \"assay:catch:f\") (i64.const 1) (i32.const 1))";
    let no_status = "(assert_return (invoke \"assay:catch:f\"))";
    let other_tag = "(assert_return (invoke \"assay:catch:f\") (i32.const 1))
(assert_return (invoke \"assay:payload:1\"))";
    let returned = "(assert_return (invoke \"assay:catch:f\") (i32.const 0))
(assert_return (invoke \"assay:payload:0\"))";
    let good = "(assert_return (invoke \"assay:catch:f\") (i64.const 0) (i32.const 1))
(assert_return (invoke \"assay:payload:0\") (i32.const 5))";
    check(
        returns,
        bad_status,
        expect![[
            "x.case.wast:15:17: a catching call returns a status, and zeros before one that is not 0"
        ]],
    );
    check(
        returns,
        no_status,
        expect![[
            "x.case.wast:15:17: a catching call returns a status, and zeros before one that is not 0"
        ]],
    );
    check(
        returns,
        other_tag,
        expect![[
            "x.case.wast:16:17: a payload is asserted that does not directly follow a call that threw this tag"
        ]],
    );
    check(
        returns,
        returned,
        expect![[
            "x.case.wast:16:17: a payload is asserted that does not directly follow a call that threw this tag"
        ]],
    );
    check(returns, good, expect![[""]]);
}

#[test]
fn complaints_about_both() {
    check(
        "call = 1\n",
        "call = 1\n;;; memories = [\"0 bytes\"]\n",
        expect![[r#"x.case.wast:10:16: "0 bytes" is not like "0 bytes, crc32 00000000""#]],
    );
    check(
        "call = 1",
        "call = 2",
        expect![[
            "x.case.wast: header and script disagree: the header has a step for call 2; the script has 2 calls"
        ]],
    );
    check(
        "tag = 0, payload = [\"i32.const 1\"]",
        "payload = []",
        expect![[""]],
    );
    check(
        "(assert_exception (invoke \"g\"))",
        "(assert_trap (invoke \"g\") \"unreachable\")",
        expect![[
            "x.case.wast: header and script disagree: the header has that call 1 threw tag 0 (i32 1), the script claims otherwise"
        ]],
    );
    check(
        "(assert_return (invoke \"f\" (i32.const 1)) (f32.const nan:0x1))",
        "(assert_exception (invoke \"f\"))",
        expect![[
            "x.case.wast: header and script disagree: the header does not have the outcome of call 0, and the script cannot say its tag and payload"
        ]],
    );
    check(
        "(f32.const nan:0x1)",
        "(ref.i31)",
        expect![[
            "x.case.wast: header and script disagree: the header does not have the outcome of call 0, and the script cannot say the number of an i31"
        ]],
    );
    check(
        "(assert_return (invoke \"f\" (i32.const 1)) (f32.const nan:0x1))",
        "(invoke \"f\")",
        expect![[
            "x.case.wast: header and script disagree: something is expected of call 1, and nothing of one before it"
        ]],
    );
    check(
        "call = 1\n",
        "call = 1\n;;; memories = [\"0 bytes, crc32 00000000\"]\n",
        expect![[
            "x.case.wast: header and script disagree: the header has memories after call 1, the script no state"
        ]],
    );
    check(
        ";;; tags",
        ";;; unreached = ['(invoke \"f\")']\n;;; tags",
        expect![[
            "x.case.wast: header and script disagree: the header has unreached calls, and the script's module starts"
        ]],
    );
}

#[test]
fn an_edit_that_makes_sense_is_read() {
    check(
        "(assert_exception (invoke \"g\"))",
        "(assert_exception (invoke \"g\"))\n(assert_return (invoke \"assay:observe\") (i64.const 1))",
        expect![[""]],
    );
    check(
        "payload = [\"i32.const 1\"]",
        "payload = [\"i32.const 2\"]",
        expect![[""]],
    );
    check(
        "\"f\" (i32.const 1)",
        "\"f\" (i32.const 0xffff_ffff) (ref.null any)",
        expect![[""]],
    );
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
