//! Which instructions are accesses of a shared memory: before these, and no others, an agent pauses
//! in a turn to the next access.

use super::Program;
use assay_reference::agents::{AgentEnd, RoundRobin, Slice};

/// How many turns an agent takes for an instruction that drops nothing.
fn turns(instruction: &str) -> usize {
    let body = format!(
        "(memory $own 1 1) (data \"bytes\")
         (func (export \"f\") (local v128) (local.set 0 (v128.const i64x2 0 0)) {instruction})"
    );
    let program = Program::new(&body, &["f"]);
    let ran = program.run(&mut RoundRobin::new(Slice::ToAccess));
    let ran = ran.expect("it runs");
    assert_eq!(ran.ends, [AgentEnd::Returned(Vec::new())], "{instruction}");
    ran.schedule.len()
}

const ACCESSES: [&str; 16] = [
    "(drop (i32.load8_s (i32.const 0)))",
    "(drop (f64.load (i32.const 0)))",
    "(i64.store16 (i32.const 0) (i64.const 0))",
    "(drop (v128.load32_splat (i32.const 0)))",
    "(v128.store (i32.const 0) (local.get 0))",
    "(drop (v128.load8_lane 3 (i32.const 0) (local.get 0)))",
    "(v128.store64_lane 1 (i32.const 0) (local.get 0))",
    "(drop (i64.atomic.rmw8.xchg_u (i32.const 0) (i64.const 0)))",
    "(drop (memory.atomic.notify (i32.const 0) (i32.const 0)))",
    "(drop (memory.size))",
    "(drop (memory.grow (i32.const 0)))",
    "(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))",
    "(memory.copy (i32.const 0) (i32.const 0) (i32.const 0))",
    "(memory.copy $m $own (i32.const 0) (i32.const 0) (i32.const 0))",
    "(memory.copy $own $m (i32.const 0) (i32.const 0) (i32.const 0))",
    "(memory.init $m 0 (i32.const 0) (i32.const 0) (i32.const 0))",
];

const OTHERS: [&str; 8] = [
    "(nop)",
    "(atomic.fence)",
    "(data.drop 0)",
    "(drop (i32.load $own (i32.const 0)))",
    "(drop (i32.atomic.load $own (i32.const 0)))",
    "(drop (memory.size $own))",
    "(memory.fill $own (i32.const 0) (i32.const 0) (i32.const 0))",
    "(memory.copy $own $own (i32.const 0) (i32.const 0) (i32.const 0))",
];

#[test]
fn agents_pause_before_accesses() {
    for instruction in ACCESSES {
        assert_eq!(turns(instruction), 2, "{instruction}");
    }
}

#[test]
fn agents_pause_before_nothing_else() {
    for instruction in OTHERS {
        assert_eq!(turns(instruction), 1, "{instruction}");
    }
}
