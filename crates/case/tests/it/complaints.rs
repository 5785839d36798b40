//! What is said of files that are wrong in one place.

use crate::damage::complaint;
use expect_test::{Expect, expect};

/// A small whole file without a shim.
const PLAIN: &str = r#";;; format = 1
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

/// How its header ends.
const THREW: &str = r#";;; call = 1
;;; outcome = { threw = { tag = 0, payload = ["i32.const 1"] } }
;;; # end
"#;

/// One with a shim.
const SHIM: &str = r#";;; format = 1
;;; target = "differential"
;;; main = "m"
;;; features = []
;;; memories = 0
;;; tags = 1
;;; limits = { time_ms = 1, stack_bytes = 2, gc_heap_bytes = 3 }
;;; shim = { ints = 1, externs = 0, results = 1, functions = ["f"], state = ["fuel"] }
;;; # end
(module)
(assert_return (invoke "assay:call" (i32.const 0x7fff_ffff) (i64.const 0)) (i64.const 0) (i32.const 0) (i32.const 9))
(assert_return (invoke "assay:call" (i32.const 0) (i64.const 3)) (i64.const 5) (i32.const 2) (i32.const 8))
(assert_trap (invoke "assay:call" (i32.const 0) (i64.const 4)) "unreachable")
(assert_return (invoke "assay:call" (i32.const 0x7fff_ffff) (i64.const 0)) (i64.const 0) (i32.const 0) (i32.const 7))
;; end
"#;

/// What is said of the file without a shim once `old` in it is replaced by `new`.
fn check(old: &str, new: &str, expected: Expect) {
    check_in(PLAIN, old, new, expected);
}

/// As [`check`], for the file with a shim.
fn check_shim(old: &str, new: &str, expected: Expect) {
    check_in(SHIM, old, new, expected);
}

fn check_in(whole: &str, old: &str, new: &str, expected: Expect) {
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
        expect![
            "x.case.wast:7:5: unknown field `tgas`, expected one of `format`, `target`, `seed`, `index`, `main`, `features`, `memories`, `tags`, `stacks`, `answer_stacks`, `unreached`, `limits`, `shim`, `finding`, `engine`, `host`, `answer`, `lives`, `step`"
        ],
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
        "",
        expect![["x.case.wast: cut off: the line `;; end` is missing at the end of the script"]],
    );
}

#[test]
fn complaints_about_the_shim() {
    check_shim(
        "ints = 1",
        "ints = 1000",
        expect!["x.case.wast:8:12: a shim with more arguments or results than engines allow"],
    );
    check_shim(
        "results = 1",
        "results = 4294967295",
        expect!["x.case.wast:8:12: a shim with more arguments or results than engines allow"],
    );
    check_shim(
        "ints = 1, ",
        "",
        expect!["x.case.wast:8:12: missing field `ints`"],
    );
    check_shim(
        "ints = 1, ",
        "ints = 1, floats = 1, ",
        expect![
            "x.case.wast:8:24: unknown field `floats`, expected one of `ints`, `externs`, `results`, `functions`, `state`"
        ],
    );
    check_shim(
        "(i32.const 0) (i64.const 3)",
        "(i32.const 0)",
        expect!["x.case.wast:12:17: a call that has other arguments than the shim takes"],
    );
    check_shim(
        "(i32.const 0) (i64.const 3)",
        "(i32.const 0) (i32.const 3)",
        expect!["x.case.wast:12:17: a call that has other arguments than the shim takes"],
    );
    check_shim(
        "\"assay:call\" (i32.const 0) (i64.const 3)",
        "\"f\" (i64.const 3)",
        expect!["x.case.wast:12:17: a call that goes to another export than the shim's"],
    );
}

#[test]
fn complaints_about_rows() {
    let row = "(i64.const 5) (i32.const 2) (i32.const 8)";
    for (new, expected) in [
        (
            "(i64.const 5) (i32.const 2)",
            expect![
                "x.case.wast:12:17: the shim returns its results, an i32 for the status, and the slots of the state"
            ],
        ),
        (
            "(i64.const 5) (i64.const 2) (i32.const 8)",
            expect![
                "x.case.wast:12:17: the shim returns its results, an i32 for the status, and the slots of the state"
            ],
        ),
        (
            "(i64.const 5) (i32.const -1) (i32.const 8)",
            expect!["x.case.wast:12:17: the shim returns zeros and nulls with the status -1"],
        ),
        (
            "(ref.i31) (i32.const 2) (i32.const 8)",
            expect![
                "x.case.wast:12:17: a result that leaves a choice: the shim's are claimed exactly"
            ],
        ),
        ("(i64.const 0) (i32.const -1) (i32.const 8)", expect![[""]]),
    ] {
        check_shim(row, new, expected);
    }
}

#[test]
fn complaints_about_looks() {
    let number = "(i32.const 0x7fff_ffff) (i64.const 0)";
    check_shim(
        number,
        "(i32.const 0x7fff_ffff) (i64.const 1)",
        expect![
            "x.case.wast:11:17: a look at the state takes the number 0x7fff_ffff, zeros and nulls"
        ],
    );
    check_shim(
        number,
        "(i32.const -1) (i64.const 0)",
        expect![
            "x.case.wast:11:17: a look at the state takes the number 0x7fff_ffff, zeros and nulls"
        ],
    );
    check_shim(
        "(i64.const 0) (i32.const 0) (i32.const 7)",
        "",
        expect![
            "x.case.wast:14:17: the shim returns its results, an i32 for the status, and the slots of the state"
        ],
    );
    let last = "(i64.const 0) (i32.const 0) (i32.const 7))";
    check_shim(
        last,
        "(i64.const 1) (i32.const 0) (i32.const 7))",
        expect![
            "x.case.wast:14:17: a look at the state returns zeros and nulls, the status 0, and the state"
        ],
    );
    check_shim(
        last,
        "(i64.const 0) (i32.const 1) (i32.const 7))",
        expect![
            "x.case.wast:14:17: a look at the state returns zeros and nulls, the status 0, and the state"
        ],
    );
    let look = format!("(invoke \"assay:call\" {number})");
    check_shim(
        ";; end",
        &format!("(assert_return {look} {last}\n;; end"),
        expect!["x.case.wast:15:17: the state is told twice"],
    );
    check_shim(
        ";; end",
        &format!("(assert_trap {look} \"\")\n;; end"),
        expect!["x.case.wast:15:15: a look at the state that does not return"],
    );
    // A look at which nothing is expected.
    check_shim(";; end", &format!("{look}\n;; end"), expect![[""]]);
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
    check_shim(
        ";;; # end",
        ";;; [[step]]\n;;; call = 0\n;;; outcome = { returned = [] }\n;;; # end",
        expect![
            "x.case.wast: header and script disagree: the header has that call 0 returned (), the script claims otherwise"
        ],
    );
    let stopped = |header: &str| {
        format!(";;; call = 1{header}\n;;; outcome = {{ exhausted = \"time\" }}\n;;; # end\n")
    };
    let whole = PLAIN
        .replace("(assert_exception (invoke \"g\"))", "(invoke \"g\")")
        .replace(THREW, &stopped(""));
    let memories = "\n;;; memories = [\"0 bytes, crc32 00000000\"]";
    check_in(
        &whole,
        &stopped(""),
        &stopped(memories),
        expect![
            "x.case.wast: header and script disagree: the header has memories after call 1, and there is no state"
        ],
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
        "(assert_exception (invoke \"g\"))\n(assert_return (invoke \"h\") (i64.const 1))",
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
