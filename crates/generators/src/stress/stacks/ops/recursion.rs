//! Deep stacks: functions that call themselves, or each other.

use super::super::body::{Body, Callee, From, Keeps, Sig};
use super::super::model::{Edge, Event, Tail, Way, fields};
use super::super::types::TAGS;
use super::super::world::World;
use super::calls::keeps;
use super::traps;
use crate::stress::Choices;
use assay_engine::{Action, Features, Value};
use wasm_encoder::{BlockType, Instruction as I};

/// How deep functions call themselves.
const DEPTHS: [u32; 6] = [2, 1, 3, 10, 30, 90];

/// What the innermost function throws.
const WORD: u64 = 0x00de_e900;

/// What the innermost function does.
#[derive(Clone, Copy)]
enum Bottom {
    CallsHost(u32),
    Throws(u32),
    Traps(&'static traps::Row, bool),
}

/// A function, and from where it calls the next one.
struct Level {
    function: u32,
    module: u32,
    /// How it calls the next one.
    way: Way,
    /// The mark of that call, and that of what the innermost one does.
    call: u32,
    bottom: u32,
    word: u64,
}

/// One function or two, each of which calls the next one until a number is 0.
pub fn recurse(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let depth = c.one_of(&DEPTHS)?;
    let first = c.below(w.setting.modules);
    let second = c.below(w.setting.modules + 1).checked_sub(1);
    let into = c.one_of(&w.ways_to(first))?;
    let keeps = keeps(w, c);
    let bottom = bottom(w, c)?;
    let modules: Vec<u32> = [Some(first), second].into_iter().flatten().collect();
    let functions: Vec<u32> = modules
        .iter()
        .map(|&module| w.function(module, Sig::Level, None))
        .collect();
    let mut levels = Vec::new();
    for (number, &function) in functions.iter().enumerate() {
        let next = (number + 1) % functions.len();
        let level = define(w, c, function, functions[next], keeps, bottom);
        levels.push(level);
    }
    enter(w, functions[0], depth, into);
    run(w, &levels, depth, into, bottom);
    let case = match levels.as_slice() {
        [a, b] if a.module != b.module => "of two instances",
        _ => "of one function",
    };
    w.hit("recursion", case);
    Some(())
}

fn bottom(w: &World, c: &mut Choices<'_, '_>) -> Option<Bottom> {
    let kind = c.below(4);
    let tag = c.below(TAGS);
    let exceptions = w.setting.features.contains(Features::EXCEPTIONS);
    if kind == 2 && exceptions && w.can_throw(tag) {
        return Some(Bottom::Throws(tag));
    }
    if kind == 3 && !w.is_starting() {
        let row = traps::choose(w.setting.features, c)?;
        return Some(Bottom::Traps(row, c.once_in(2)));
    }
    let number = c.below(w.setting.hosts);
    Some(Bottom::CallsHost(number))
}

/// Emits a function of the recursion.
fn define(
    w: &mut World,
    c: &mut Choices<'_, '_>,
    function: u32,
    next: u32,
    keeps: Keeps,
    bottom: Bottom,
) -> Level {
    let module = w.functions[function as usize].module;
    let ways = w.ways_between(module, w.functions[next as usize].module);
    let way = c.one_of(&ways).unwrap_or(Way::Indirect);
    let mut body = Body::new(&w.setting, function, Sig::Level, keeps, false);
    body.ops([I::LocalGet(0), I::I32Eqz, I::If(BlockType::Empty)]);
    let bottom = emit_bottom(w, &mut body, bottom);
    body.ops([I::Else, I::LocalGet(0), I::I32Const(1), I::I32Sub]);
    let source = w.source_from(module, Callee::Own(next), way);
    let call = body.call(Callee::Own(next), Sig::Level, way, Tail::No, source);
    body.take_results();
    body.op(I::End);
    body.finish();
    let word = body.word;
    w.functions[function as usize].body = Some(body);
    Level {
        function,
        module,
        way,
        call,
        bottom,
        word,
    }
}

fn emit_bottom(w: &mut World, body: &mut Body, bottom: Bottom) -> u32 {
    match bottom {
        Bottom::CallsHost(number) => {
            let callee = Callee::Host(number);
            let (params, results) = w.setting.host(number);
            let slot = From::Table(w.slot(callee));
            body.push_host_arguments(&params);
            let mark = body.call(callee, Sig::Host(number), Way::Indirect, Tail::No, slot);
            body.take(&results);
            mark
        }
        Bottom::Throws(tag) => {
            for _ in fields(tag) {
                body.push_i64(WORD, false);
            }
            let mark = body.mark();
            body.op(I::Throw(tag));
            mark
        }
        Bottom::Traps(row, opaque) => (row.emit)(body, opaque),
    }
}

/// Emits the call of the outermost one.
fn enter(w: &mut World, function: u32, depth: u32, way: Way) {
    let callee = Callee::Own(function);
    let source = w.source(callee, way);
    let body = w.body();
    body.push_i32(depth, true);
    let mark = body.call(callee, Sig::Level, way, Tail::No, source);
    body.take_results();
    w.act(Event::At(mark));
}

/// What happens.
fn run(w: &mut World, levels: &[Level], depth: u32, into: Way, bottom: Bottom) {
    let level = |number: u32| &levels[number as usize % levels.len()];
    let mut way = into;
    for number in 0..=depth {
        let Level { function, .. } = *level(number);
        w.act(Event::Enter(function, Edge::Call(way, Tail::No)));
        if number < depth {
            w.act(Event::At(level(number).call));
        }
        way = level(number).way;
    }
    w.act(Event::At(level(depth).bottom));
    match bottom {
        Bottom::CallsHost(host) => {
            w.act(Event::Host(host, Action::Return));
            w.act(Event::Take);
            for number in (0..=depth).rev() {
                w.act(Event::Return(level(number).word));
                w.act(Event::Take);
            }
            w.hit("recursion", "returns");
        }
        Bottom::Throws(tag) => {
            let values = vec![Value::I64(WORD); fields(tag).len()];
            w.act(Event::Throw(values));
            (0..=depth).for_each(|_| w.act(Event::Unwind));
            w.propagate_up(tag, depth + 1, level(depth).module);
        }
        Bottom::Traps(row, _) => {
            w.hit("trap", row.name);
            w.trapped(row.trap.into());
        }
    }
}
