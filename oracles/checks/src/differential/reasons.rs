//! Instructions that may have several reasons to trap at once.
//!
//! `array.copy` of nothing to beyond the end of an array, from null: the specification has this
//! trap because of the null, some engines say that it is out of bounds, and since a trap is a trap
//! none of them is wrong. No other instruction has reasons of two kinds at the same time, and a
//! module without these is held to the very trap.

use assay_engine::{Program, Trap, Traps};
use wasmparser::{Operator, Parser, Payload};

/// The reasons that an instruction may have at the same time, if it is one of these.
fn reasons(operator: &Operator<'_>) -> Option<Traps> {
    use Trap::{
        NullReference, OutOfBoundsArrayAccess, OutOfBoundsMemoryAccess, OutOfBoundsTableAccess,
    };
    Some(Traps::any_of(match operator {
        Operator::ArrayCopy { .. } => &[NullReference, OutOfBoundsArrayAccess],
        Operator::ArrayInitData { .. } => &[
            NullReference,
            OutOfBoundsArrayAccess,
            OutOfBoundsMemoryAccess,
        ],
        Operator::ArrayInitElem { .. } => &[
            NullReference,
            OutOfBoundsArrayAccess,
            OutOfBoundsTableAccess,
        ],
        _ => return None,
    }))
}

/// Whether a program has an instruction that may trap for either reason at once.
pub(super) fn at_once(program: &Program, a: Traps, b: Traps) -> bool {
    let both = |reasons: Traps| reasons.agree(a) && reasons.agree(b);
    program.modules.iter().any(|module| {
        Parser::new(0)
            .parse_all(&module.wasm)
            .map_while(Result::ok)
            .filter_map(|payload| match payload {
                Payload::CodeSectionEntry(body) => body.get_operators_reader().ok(),
                _ => None,
            })
            .flatten()
            .map_while(Result::ok)
            .any(|operator| reasons(&operator).is_some_and(both))
    })
}

#[cfg(test)]
mod tests {
    use super::at_once;
    use assay_engine::{Module, Program, Trap};

    const NULL: Trap = Trap::NullReference;
    const ARRAY: Trap = Trap::OutOfBoundsArrayAccess;
    const MEMORY: Trap = Trap::OutOfBoundsMemoryAccess;
    const TABLE: Trap = Trap::OutOfBoundsTableAccess;

    /// The pairs of these traps that a function may have at once.
    fn pairs(body: &str) -> Vec<(Trap, Trap)> {
        let wat = format!(
            r#"(module (type $a (array (mut i8))) (type $r (array (mut funcref)))
                (data $d "1") (elem $e func)
                (func (param $a (ref null $a)) (param $r (ref null $r)) (param $i i32) {body}))"#
        );
        let module = Module {
            name: "main".into(),
            wasm: wat::parse_str(wat).expect("a module"),
        };
        let program = Program {
            modules: vec![module],
            ..Program::default()
        };
        let traps = [NULL, ARRAY, MEMORY, TABLE, Trap::Unreachable];
        let all = traps.iter().enumerate().flat_map(|(i, &a)| {
            let others = traps[i + 1..].iter();
            others.map(move |&b| (a, b))
        });
        all.filter(|&(a, b)| {
            let one = at_once(&program, a.into(), b.into());
            assert_eq!(one, at_once(&program, b.into(), a.into()), "{a:?} {b:?}");
            one
        })
        .collect()
    }

    const PLACES: &str = "(local.get $i) (local.get $i) (local.get $i)";

    #[test]
    fn bulk_instructions_on_arrays_have_several_reasons_at_once() {
        let copy = "(array.copy $a $a (local.get $a) (local.get $i) (local.get $a)
            (local.get $i) (local.get $i))";
        assert_eq!(pairs(copy), [(NULL, ARRAY)]);
        let data = format!("(array.init_data $a $d (local.get $a) {PLACES})");
        let three = |third| [(NULL, ARRAY), (NULL, third), (ARRAY, third)];
        assert_eq!(pairs(&data), three(MEMORY));
        let elem = format!("(array.init_elem $r $e (local.get $r) {PLACES})");
        assert_eq!(pairs(&elem), three(TABLE));
    }

    #[test]
    fn others_have_one() {
        for body in [
            "",
            "(array.set $a (local.get $a) (local.get $i) (local.get $i))",
            "(array.fill $a (local.get $a) (local.get $i) (local.get $i) (local.get $i))",
            "(drop (array.new_data $a $d (local.get $i) (local.get $i)))",
            "(drop (array.new_elem $r $e (local.get $i) (local.get $i)))",
        ] {
            assert_eq!(pairs(body), [], "{body}");
        }
    }
}
